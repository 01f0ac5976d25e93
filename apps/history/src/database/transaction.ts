import type { Pool, PoolClient } from 'pg';

/** Runs `work` in a transaction. A connection that failed is thrown away: its state is not known. */
export async function inTransaction<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let failure: unknown;
  // A connection may be lost between two queries; the next query reports it.
  const lost = (): void => undefined;
  client.on('error', lost);
  try {
    await client.query('BEGIN');
    const result = await work(client);
    await client.query('COMMIT');
    return result;
  } catch (error) {
    failure = error;
    throw error;
  } finally {
    client.off('error', lost);
    client.release(failure !== undefined);
  }
}
