import { configKey } from '@postduif/contracts';
import type { PutEventType } from '@postduif/contracts';
import type { Queries } from '../database/database.js';
import type { Snapshot } from '../outbox/outbox.js';

export interface EventType {
  readonly account: string;
  readonly name: string;
  readonly description: string;
  readonly schema: Record<string, unknown> | null;
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

const COLUMNS = 'account, name, description, schema, version, created_at AS "createdAt", updated_at AS "updatedAt"';

export function listEventTypes(queries: Queries, account: string): Promise<EventType[]> {
  return queries.query<EventType>(`SELECT ${COLUMNS} FROM config.event_types WHERE account = $1 ORDER BY name`, [
    account,
  ]);
}

export async function findEventType(queries: Queries, account: string, name: string): Promise<EventType | undefined> {
  const [row] = await queries.query<EventType>(
    `SELECT ${COLUMNS} FROM config.event_types WHERE account = $1 AND name = $2`,
    [account, name],
  );
  return row;
}

export async function countEventTypes(queries: Queries, account: string): Promise<number> {
  const [row] = await queries.query<{ total: string }>(
    'SELECT count(*) AS total FROM config.event_types WHERE account = $1',
    [account],
  );
  return Number(row?.total ?? 0);
}

/** Adds or replaces a type. */
export async function putEventType(
  queries: Queries,
  account: string,
  name: string,
  { description, schema }: PutEventType,
): Promise<EventType | undefined> {
  const [row] = await queries.query<EventType>(
    `INSERT INTO config.event_types AS type (account, name, description, schema) VALUES ($1, $2, $3, $4)
     ON CONFLICT (account, name) DO UPDATE SET description = EXCLUDED.description, schema = EXCLUDED.schema,
       version = type.version + 1, updated_at = now()
     RETURNING ${COLUMNS}`,
    [account, name, description, schema === null ? null : JSON.stringify(schema)],
  );
  return row;
}

export async function deleteEventType(queries: Queries, account: string, name: string): Promise<EventType | undefined> {
  const [row] = await queries.query<EventType>(
    `DELETE FROM config.event_types WHERE account = $1 AND name = $2 RETURNING ${COLUMNS}`,
    [account, name],
  );
  return row;
}

export function eventTypeKey({ account, name }: Pick<EventType, 'account' | 'name'>): string {
  return configKey('event-type', `${account}/${name}`);
}

export function eventTypeSnapshot(type: EventType): Snapshot {
  const { version, account, name, schema } = type;
  return { key: eventTypeKey(type), value: { kind: 'event-type', version, account, name, schema } };
}

const PART = 500;

/** All types of all accounts, in parts. */
export async function* eventTypeSnapshots(queries: Queries): AsyncIterable<Snapshot[]> {
  for (let after = { account: '', name: '' }; ;) {
    const rows = await queries.query<EventType>(
      `SELECT ${COLUMNS} FROM config.event_types WHERE (account, name) > ($1, $2) ORDER BY account, name LIMIT ${PART}`,
      [after.account, after.name],
    );
    const last = rows.at(-1);
    if (last === undefined) return;
    yield rows.map(eventTypeSnapshot);
    after = last;
  }
}
