import type { Audited, AuditEntry } from '@postduif/contracts';
import type { Queries } from '../database/database.js';
import { originOfChange } from './origin.js';

/** A thing as its change is recorded: what an API shows of it, and so no secret. */
export type RecordedState = Readonly<Record<string, unknown>>;

export interface Change {
  /** Whose it is; null: the installation's. */
  readonly account: string | null;
  readonly entity: Audited;
  readonly id: string;
  /** By default made, changed or deleted, as the states tell. */
  readonly action?: AuditEntry['action'] | undefined;
  /** Absent: it is made. */
  readonly before?: RecordedState | undefined;
  /** Absent: it is deleted. */
  readonly after?: RecordedState | undefined;
}

/** Records a change, in its transaction. */
export async function recordChange(
  transaction: Queries,
  { account, entity, id, before, after, ...change }: Change,
): Promise<void> {
  const action = change.action ?? (before === undefined ? 'created' : after === undefined ? 'deleted' : 'changed');
  const { channel, token, credential, request } = originOfChange();
  await transaction.query(
    `INSERT INTO config.audit (account, entity, entity_id, action, channel, token, credential, request, before, after)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
    [account, entity, id, action, channel, token, credential, request, jsonOf(before), jsonOf(after)],
  );
}

/** PostgreSQL takes neither NUL nor half of a surrogate pair in JSON, be it in a name; as text it stores a replacement for the latter. */
function jsonOf(state: RecordedState | undefined): string | null {
  if (state === undefined) return null;
  return JSON.stringify(state).replace(/\\(u0000|ud[89a-f][0-9a-f]{2}|.)/g, (escape, what: string) =>
    what.length > 1 ? '\ufffd' : escape,
  );
}
