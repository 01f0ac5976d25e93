import type { Pool } from 'pg';
import type { ReplayStore } from '../index.js';

/**
 * Remembers requests for several processes, in a table made with
 * `CREATE TABLE webhook_requests (id text PRIMARY KEY, until timestamptz NOT NULL)`.
 */
export class PostgresReplayStore implements ReplayStore {
  constructor(private readonly pool: Pool) {}

  async remember(id: string, until: Date): Promise<boolean> {
    const added = await this.pool.query(
      'INSERT INTO webhook_requests (id, until) VALUES ($1, $2) ON CONFLICT DO NOTHING',
      [id, until],
    );
    return added.rowCount === 1;
  }

  /** Every minute or so. */
  async forget(): Promise<void> {
    await this.pool.query('DELETE FROM webhook_requests WHERE until < now()');
  }
}
