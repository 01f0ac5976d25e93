import { Client } from 'pg';
import type { QueryResultRow } from 'pg';
import { OUTBOX_CHANNEL } from './outbox.js';

/** Any number that nobody else in this database uses; `rely` in ASCII. */
const RELAY_LOCK = 0x72656c79;
const QUERY_TIMEOUT_MS = 3_000;
const END_MS = 1_000;

/** A row of the outbox; `snapshot` is null for a removal. */
export interface OutboxEntry extends QueryResultRow {
  readonly id: string;
  readonly key: string;
  readonly snapshot: string | null;
}

/**
 * The relay's own connection to PostgreSQL. It holds the lock that makes one relay the leader, hears of new entries, and reads and
 * deletes them: who has lost the connection has lost all of it. A frozen leader notices after three seconds at most (a query
 * each second); PostgreSQL gives its lock away after ten, so that two never lead.
 */
export class RelayConnection {
  readonly #client: Client;
  #wake: (() => void) | undefined;
  #notified = false;

  /** Aborted when the connection is lost. */
  readonly lost: AbortSignal;

  private constructor(url: string) {
    const lost = new AbortController();
    this.lost = lost.signal;
    this.#client = new Client({
      connectionString: url,
      application_name: 'subscription-relay',
      connectionTimeoutMillis: 3_000,
      keepAlive: true,
      keepAliveInitialDelayMillis: 2_000,
      query_timeout: QUERY_TIMEOUT_MS,
    });
    this.#client.on('error', () => {
      lost.abort();
    });
    this.#client.on('end', () => {
      lost.abort();
    });
    this.#client.on('notification', () => {
      this.#notified = true;
      this.#wake?.();
    });
    lost.signal.addEventListener('abort', () => this.#wake?.());
  }

  static async open(url: string): Promise<RelayConnection> {
    const connection = new RelayConnection(url);
    try {
      await connection.#client.connect();
      await connection.#client.query(
        'SET tcp_keepalives_idle = 4; SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 3',
      );
      await connection.#client.query(`LISTEN ${OUTBOX_CHANNEL}`);
      return connection;
    } catch (error) {
      await connection.close();
      throw error;
    }
  }

  /** True when this connection leads from now on. */
  async tryToLead(): Promise<boolean> {
    const { rows } = await this.#client.query<{ led: boolean }>('SELECT pg_try_advisory_lock($1) AS led', [RELAY_LOCK]);
    return rows[0]?.led === true;
  }

  /** The entries that wait, oldest first. */
  async waiting(limit: number): Promise<OutboxEntry[]> {
    this.#notified = false;
    const { rows } = await this.#client.query<OutboxEntry>(
      'SELECT id, key, snapshot FROM config.outbox ORDER BY id LIMIT $1',
      [limit],
    );
    return rows;
  }

  async remove(entries: readonly OutboxEntry[]): Promise<void> {
    await this.#client.query('DELETE FROM config.outbox WHERE id = ANY($1)', [entries.map(({ id }) => id)]);
  }

  /** Waits until something was put into the outbox since `waiting` was called, the connection is lost, or `ms` are over. */
  async news(ms: number): Promise<void> {
    if (this.#notified || this.lost.aborted) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = undefined;
  }

  /** Ends waiting for news. */
  interrupt(): void {
    this.#wake?.();
  }

  /** Gives leadership up. A server that does not answer is not waited for. */
  async close(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, END_MS);
    });
    await Promise.race([this.#client.end().catch(() => undefined), late]);
    clearTimeout(timer);
  }
}
