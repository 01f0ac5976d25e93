import pg from 'pg';

/** What history has in its tables. */
export interface Stored {
  /** Different events: one whose acceptance was not heard was posted again, and is on the topic twice. */
  readonly events: number;
  /** Deliveries with an attempt that was answered with 2xx. */
  readonly delivered: number;
}

/** History's tables, counted in the database itself. That costs the database something: not while something is measured. */
export class StoredHistory {
  readonly #client: pg.Client;

  constructor(databaseUrl: string) {
    this.#client = new pg.Client({ connectionString: databaseUrl });
    // A database that is stopped breaks the connection; the next question fails and says so.
    this.#client.on('error', () => undefined);
  }

  /** Resolves to the version of the server. */
  async open(): Promise<string> {
    await this.#client.connect();
    const { rows } = await this.#client.query<{ server_version: string }>('SHOW server_version');
    return rows[0]?.server_version ?? 'unknown';
  }

  async count(): Promise<Stored> {
    const { rows } = await this.#client.query<Record<keyof Stored, string>>(`
      SELECT (SELECT count(DISTINCT id) FROM history.events) AS events,
             (SELECT count(DISTINCT delivery) FROM history.attempts WHERE outcome = 'delivered') AS delivered`);
    return { events: Number(rows[0]?.events), delivered: Number(rows[0]?.delivered) };
  }

  async close(): Promise<void> {
    await this.#client.end();
  }
}
