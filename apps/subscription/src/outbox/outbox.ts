import type { ConfigSnapshot } from '@postduif/contracts';
import type { Queries } from '../database/database.js';

/** Tells the relay that something waits; PostgreSQL sends it when the transaction commits. */
export const OUTBOX_CHANNEL = 'config_outbox';

/** The state of one thing, as it stands on the topic `config`. */
export interface Snapshot {
  /** `webhook/12`; see `configKey`. */
  readonly key: string;
  readonly value: ConfigSnapshot;
}

/**
 * Puts a change into the outbox. Call it in the transaction of the change and after the statement that locked the row: then the
 * entries of a key are numbered in the order in which its changes commit.
 */
export async function publish(transaction: Queries, { key, value }: Snapshot): Promise<void> {
  await insert(transaction, key, JSON.stringify(value), value.version);
}

/** The same for the deletion of what `key` names. */
export async function publishRemoval(transaction: Queries, key: string, version: number): Promise<void> {
  await insert(transaction, key, null, version);
}

async function insert(transaction: Queries, key: string, snapshot: string | null, version: number): Promise<void> {
  await transaction.query('INSERT INTO config.outbox (key, snapshot, version) VALUES ($1, $2, $3)', [
    key,
    snapshot,
    version,
  ]);
  await transaction.query('SELECT pg_notify($1, $2)', [OUTBOX_CHANNEL, '']);
}
