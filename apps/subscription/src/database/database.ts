import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { ApiError } from '@postduif/contracts';
import { Pool } from 'pg';
import type { PoolClient, QueryResultRow } from 'pg';
import type { Log } from '../log.js';
import { requireWanted } from './given-up.js';
import { migrate } from './migrate.js';
import { asApiError, describeError } from './store-error.js';

const RETRY_MS = 1_000;
/** While PostgreSQL is away, say so at the first failure and then every so many tries. */
const SAY_EVERY = 15;

/** Something that runs statements: the database, or a transaction in it. */
export interface Queries {
  /** Throws `store_unavailable` when PostgreSQL is away or not migrated yet. */
  query<Row extends QueryResultRow>(text: string, values?: readonly unknown[]): Promise<Row[]>;
}

/** Connections to PostgreSQL. Connects when it is first asked, and again after every loss. */
export class Database implements Queries {
  readonly #pool: Pool;
  readonly #stopped = new AbortController();
  /** The transaction that the present work is part of. */
  readonly #enclosing = new AsyncLocalStorage<Queries>();
  #migrated = false;

  constructor(
    private readonly url: string,
    private readonly log: Log,
  ) {
    this.#pool = new Pool({
      connectionString: url,
      application_name: 'subscription',
      max: 10,
      connectionTimeoutMillis: 3_000,
      keepAlive: true,
      statement_timeout: 10_000,
      // For a host that vanished without a word.
      query_timeout: 12_000,
      // A process that is frozen within a transaction must not hold its locks for ever.
      idle_in_transaction_session_timeout: 10_000,
    });
    this.#pool.on('error', (error) => {
      log.warn({ error: describeError(error) }, 'an idle connection to PostgreSQL was lost');
    });
  }

  /** Brings the schema up to date, waiting for PostgreSQL as long as it takes or until `close`. */
  async open(): Promise<void> {
    await this.untilDone('PostgreSQL does not answer or could not be migrated; trying again', () => migrate(this.url));
    this.#migrated = !this.isClosing();
  }

  /** Tries until it succeeds or the database is being closed; says now and then what is wrong. */
  async untilDone(complaint: string, work: () => Promise<unknown>): Promise<void> {
    for (let failures = 0; !this.isClosing(); failures++) {
      try {
        await work();
        return;
      } catch (error) {
        if (failures % SAY_EVERY === 0) this.log.warn({ error: describeError(error) }, complaint);
        await this.pause(RETRY_MS);
      }
    }
  }

  /** Waits; returns at once when the database is being closed. */
  async pause(ms: number): Promise<void> {
    await pause(ms, undefined, { signal: this.#stopped.signal }).catch(() => undefined);
  }

  isClosing(): boolean {
    return this.#stopped.signal.aborted;
  }

  /**
   * True once it was there, or a sentence that says what is missing. It stays true when PostgreSQL goes away: this service is also the way in
   * for events and out for history, which do without.
   */
  ready(): true | string {
    return this.#migrated || 'PostgreSQL does not answer yet';
  }

  /** Throws `store_unavailable` until the schema is known to be up to date. */
  requireOpen(): void {
    if (!this.#migrated) throw new ApiError('store_unavailable', undefined, { retryAfterSeconds: 5 });
  }

  async query<Row extends QueryResultRow>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    const enclosing = this.#enclosing.getStore();
    if (enclosing !== undefined) return enclosing.query<Row>(text, values);
    requireWanted();
    try {
      return (await this.#pool.query<Row>(text, [...values])).rows;
    } catch (error) {
      throw asApiError(error);
    }
  }

  /** All statements of `work`, or none. What `work` throws rolls back. Within `enclosing` it joins that transaction. */
  async transaction<T>(work: (queries: Queries) => Promise<T>): Promise<T> {
    const enclosing = this.#enclosing.getStore();
    if (enclosing !== undefined) return work(enclosing);
    return this.connection(async (queries) => {
      await queries.query('BEGIN');
      try {
        const result = await work(queries);
        await queries.query('COMMIT');
        return result;
      } catch (error) {
        if (isRefusal(error)) await queries.query('ROLLBACK').catch(() => undefined);
        throw error;
      }
    });
  }

  /** A transaction that all queries and transactions of this database join that `work` makes, however deep. */
  enclosing<T>(work: (queries: Queries) => Promise<T>): Promise<T> {
    return this.transaction((queries) => this.#enclosing.run(queries, () => work(queries)));
  }

  /** Lends a connection. It is closed when `work` throws, and with it its transaction and its locks. */
  async connection<T>(work: (queries: Queries) => Promise<T>): Promise<T> {
    const client = await this.#connect();
    // A connection may be lost between two queries; the next query reports it.
    const lost = (): void => undefined;
    client.on('error', lost);
    let failed = true;
    try {
      const result = await work(queriesOn(client));
      failed = false;
      return result;
    } finally {
      client.off('error', lost);
      client.release(failed);
    }
  }

  /** Ends all waiting. Work that is under way may finish; then `close`. */
  stop(): void {
    this.#stopped.abort();
  }

  async close(): Promise<void> {
    this.stop();
    await this.#pool.end();
  }

  async #connect(): Promise<PoolClient> {
    requireWanted();
    try {
      return await this.#pool.connect();
    } catch (error) {
      throw asApiError(error);
    }
  }
}

/** Whether work ended by a rule, with a connection that is whole. PostgreSQL notices late that one was closed, and keeps its locks until then. */
function isRefusal(error: unknown): boolean {
  return error instanceof ApiError && error.code !== 'store_unavailable';
}

function queriesOn(client: PoolClient): Queries {
  return {
    query: async <Row extends QueryResultRow>(text: string, values: readonly unknown[] = []) => {
      requireWanted();
      try {
        return (await client.query<Row>(text, [...values])).rows;
      } catch (error) {
        throw asApiError(error);
      }
    },
  };
}
