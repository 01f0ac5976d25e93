import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import { Pool } from 'pg';
import type { PoolConfig, QueryResultRow } from 'pg';
import { migrate } from './migrate.js';
import { asApiError, describeError } from './store-error.js';

const PROBE_MS = 1_000;
const PROBE_TIMEOUT_MS = 3_000;
const RETRY_MS = 1_000;
/** While PostgreSQL is away, say so at the first failure and then every so many tries. */
const SAY_EVERY = 15;
const AWAY = 'PostgreSQL does not answer';

/**
 * Connections to PostgreSQL and what is known of it. Reads are bounded by a statement timeout; the writer has connections of its
 * own, so that slow searches never hold up storing.
 */
export class Database {
  readonly writes: Pool;
  readonly #reads: Pool;
  readonly #stopped = new AbortController();
  #state: true | string = `${AWAY} yet`;
  #watching: Promise<void> | undefined;

  constructor(
    private readonly url: string,
    private readonly log: Logger,
    options: { readTimeoutMs?: number } = {},
  ) {
    const common: PoolConfig = {
      connectionString: url,
      connectionTimeoutMillis: 3_000,
      keepAlive: true,
      // A process that is frozen within a transaction must not hold the offsets for ever.
      idle_in_transaction_session_timeout: 10_000,
    };
    const readTimeoutMs = options.readTimeoutMs ?? 5_000;
    this.#reads = this.#pool({
      ...common,
      application_name: 'history-reads',
      max: 8,
      statement_timeout: readTimeoutMs,
      query_timeout: readTimeoutMs + 2_000,
    });
    this.writes = this.#pool({
      ...common,
      application_name: 'history-writes',
      max: 4,
      statement_timeout: 20_000,
      // For a host that vanished without a word.
      query_timeout: 25_000,
    });
  }

  /** Brings the schema up to date, waiting for PostgreSQL as long as it takes or until `close`. */
  async open(): Promise<void> {
    for (let failures = 0; !this.#stopped.signal.aborted; failures++) {
      try {
        await migrate(this.url);
        this.#state = true;
        this.log.info('the database is up to date');
        this.#watching = this.#watch();
        return;
      } catch (error) {
        if (failures % SAY_EVERY === 0)
          this.log.warn({ error: describeError(error) }, `${AWAY} or could not be migrated; trying again`);
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

  /** True, or a sentence that says what is missing. */
  ready(): true | string {
    return this.#state;
  }

  /** Runs a read for an API; throws `store_unavailable` when PostgreSQL is away, not migrated yet or too slow. */
  async read<Row extends QueryResultRow>(text: string, values: readonly unknown[]): Promise<Row[]> {
    try {
      return (await this.#reads.query<Row>(text, [...values])).rows;
    } catch (error) {
      throw asApiError(error);
    }
  }

  async close(): Promise<void> {
    this.#stopped.abort();
    await this.#watching;
    await Promise.all([this.#reads.end(), this.writes.end()]);
  }

  #pool(config: PoolConfig): Pool {
    const pool = new Pool(config);
    pool.on('error', (error) => {
      this.log.warn({ error: describeError(error) }, 'an idle connection to PostgreSQL was lost');
    });
    return pool;
  }

  async #watch(): Promise<void> {
    while (!this.isClosing()) {
      await this.pause(PROBE_MS);
      const before = this.#state;
      this.#state = (await this.#answers()) ? true : AWAY;
      if (before === this.#state) continue;
      if (this.#state === true) this.log.info('PostgreSQL answers again');
      else this.log.warn(AWAY);
    }
  }

  /** Asks on the writer's connections: searches that take all others do not make the service unready. */
  async #answers(): Promise<boolean> {
    const answer = this.writes.query('SELECT 1').then(
      () => true,
      () => false,
    );
    const late = pause(PROBE_TIMEOUT_MS, false, { signal: this.#stopped.signal }).catch(() => true);
    return Promise.race([answer, late]);
  }
}
