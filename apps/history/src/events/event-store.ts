import { JsonError, parseJson } from '@postduif/contracts';
import type { EventSummary } from '@postduif/contracts';
import type { Database } from '../database/database.js';
import { Conditions, readPage } from '../listing/list-query.js';
import type { ListDefinition, Page, PageRequest, PlacedRow } from '../listing/list-query.js';

export interface EventFilter {
  readonly id?: string | undefined;
  readonly type?: string | undefined;
  readonly database?: number | undefined;
  readonly collection?: number | undefined;
  readonly profile?: number | undefined;
  readonly subprofile?: number | undefined;
  readonly mailing?: number | undefined;
  readonly message?: string | undefined;
  readonly recipient?: string | undefined;
}

export interface StoredEvent {
  /** The event as it stands on the topic. */
  readonly event: Record<string, unknown>;
  readonly source: string | undefined;
  readonly acceptedAt: string;
  /** How many different events of the account have this id: events are told apart by source and id. */
  readonly sources: number;
}

const TEXTS = ['source', 'subject', 'caller', 'message', 'recipient'] as const;
const NUMBERS = ['database', 'collection', 'profile', 'subprofile', 'mailing'] as const;

type EventRow = PlacedRow & { readonly id: string; readonly type: string; readonly occurred_at: Date } & Readonly<
    Record<(typeof TEXTS)[number] | (typeof NUMBERS)[number], string | null>
  >;

const LIST: ListDefinition<EventRow, EventSummary> = {
  name: 'events',
  table: 'history.events',
  timeColumn: 'accepted_at',
  columns: ['id', 'type', 'occurred_at', ...TEXTS, ...NUMBERS],
  toItem: summary,
};

/** Reads `history.events`. */
export class EventStore {
  constructor(private readonly database: Pick<Database, 'read'>) {}

  /** The account's events, by acceptance, newest first. */
  async list(account: string, filter: EventFilter, page: PageRequest): Promise<Page<EventSummary>> {
    const conditions = new Conditions().equals('account', account);
    for (const name of ['id', 'type', 'message', 'recipient', ...NUMBERS] as const)
      conditions.equals(name, filter[name]);
    return readPage(this.database, LIST, conditions, page);
  }

  /**
   * The account's event with this id, as it was first accepted: a producer may send an event again, and each acceptance is stored.
   * `source` tells events of different sources with the same id apart; without it the first is taken.
   */
  async find(account: string, id: string, source?: string): Promise<StoredEvent | undefined> {
    const conditions = new Conditions().equals('account', account).equals('id', id);
    const all = conditions.toString();
    conditions.equals('source', source);
    const [row] = await this.database.read<{ body: Buffer; source: string | null; accepted_at: Date; sources: string }>(
      `SELECT body, source, accepted_at,
         (SELECT count(DISTINCT coalesce(source, '')) FROM history.events WHERE ${all}) AS sources
       FROM history.events WHERE ${conditions.toString()}
       ORDER BY accepted_at, kafka_partition, kafka_offset LIMIT 1`,
      conditions.values,
    );
    if (row === undefined) return undefined;
    return {
      event: parseEvent(row.body),
      source: row.source ?? undefined,
      acceptedAt: row.accepted_at.toISOString(),
      sources: Number(row.sources),
    };
  }
}

/** With every digit of its numbers. What was written past event-ingest may be less strict JSON, and is shown as far as it goes. */
export function parseEvent(body: Buffer): Record<string, unknown> {
  try {
    return parseJson(body) as Record<string, unknown>;
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    return JSON.parse(body.toString('utf8')) as Record<string, unknown>;
  }
}

function summary(row: EventRow): EventSummary {
  const texts = TEXTS.flatMap((name) => (row[name] === null ? [] : [[name, row[name]]]));
  const numbers = NUMBERS.flatMap((name) => (row[name] === null ? [] : [[name, Number(row[name])]]));
  return {
    id: row.id,
    type: row.type,
    time: row.occurred_at.toISOString(),
    acceptedAt: row.time.toISOString(),
    ...(Object.fromEntries([...texts, ...numbers]) as Record<string, string | number>),
  };
}
