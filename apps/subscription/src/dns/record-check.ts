import type { RecordCheckView, RecordState } from '@postduif/contracts';
import { DnsUnanswered } from './txt-records.js';
import type { TxtRecords } from './txt-records.js';

/** A record that has to stand in DNS. */
export interface ExpectedRecord {
  readonly name: string;
  readonly value: string;
  /** Whether it must be the only TXT record at its name. */
  readonly alone: boolean;
}

/** What a look into DNS has found; it is stored as JSON. */
export interface RecordCheck {
  /** ISO 8601 in UTC. */
  readonly at: string;
  readonly actual: readonly string[];
  readonly state: RecordState;
  /** Why nobody could tell; then `state` says nothing of the record. */
  readonly error: string | null;
}

const MOST_SHOWN = 10;
const MOST_CHARACTERS = 1_000;

export async function checkRecord(records: TxtRecords, expected: ExpectedRecord, now: Date): Promise<RecordCheck> {
  const at = now.toISOString();
  try {
    const actual = await records.find(expected.name);
    return { at, actual: actual.slice(0, MOST_SHOWN).map(shortened), state: stateOf(actual, expected), error: null };
  } catch (error) {
    if (!(error instanceof DnsUnanswered)) throw error;
    return { at, actual: [], state: 'missing', error: error.message };
  }
}

function stateOf(actual: readonly string[], { value, alone }: ExpectedRecord): RecordState {
  if (actual.length === 0) return 'missing';
  return actual.includes(value) && (actual.length === 1 || !alone) ? 'valid' : 'different';
}

/** Anything may stand in DNS; NUL is what PostgreSQL cannot store. */
function shortened(record: string): string {
  return record.slice(0, MOST_CHARACTERS).replaceAll('\0', '');
}

export function toRecordCheckView({ at, ...check }: RecordCheck, expected: string): RecordCheckView {
  return { checkedAt: at, expected, ...check };
}
