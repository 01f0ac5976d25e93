import type { Log } from '@postduif/kafka';
import { Counter, Gauge, Histogram } from 'prom-client';
import type { Registry } from 'prom-client';
import { describeError } from '../database/store-error.js';
import type { StoredBatch } from './batch-store.js';
import type { WriterObserver } from './batch-writer.js';

const SECONDS = [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
/** While PostgreSQL is away: a line at the first failure and then at every so many. */
const SAY_EVERY = 12;

/** Counts what is stored, and writes one line for each transaction and for each record that cannot be stored. */
export class HistoryMetrics implements WriterObserver {
  readonly #rows: Counter<'table'>;
  readonly #unreadable: Counter<'topic'>;
  readonly #moved: Counter;
  readonly #duration: Histogram;
  readonly #lag: Gauge;

  constructor(
    registry: Registry,
    private readonly log: Pick<Log, 'debug' | 'info' | 'error'>,
    state: () => { readonly queued: number; readonly lag: number },
  ) {
    const registers = [registry];
    this.#rows = new Counter({
      name: 'postduif_history_rows_total',
      help: 'Rows stored by table',
      labelNames: ['table'],
      registers,
    });
    this.#unreadable = new Counter({
      name: 'postduif_history_unreadable_total',
      help: 'Records that can never be stored, by topic',
      labelNames: ['topic'],
      registers,
    });
    this.#moved = new Counter({
      name: 'postduif_history_moved_total',
      help: 'Batches given up because another writer had stored their records',
      registers,
    });
    this.#duration = new Histogram({
      name: 'postduif_history_flush_seconds',
      help: 'Duration of storing a batch',
      buckets: SECONDS,
      registers,
    });
    this.#lag = new Gauge({
      name: 'postduif_history_lag_seconds',
      help: 'Age of the newest record of the last batch when it was stored',
      registers,
    });
    new Gauge({
      name: 'postduif_history_queued',
      help: 'Records in memory that wait to be stored',
      registers,
      collect() {
        this.set(state().queued);
      },
    });
    new Gauge({
      name: 'postduif_history_lag_records',
      help: 'Records on the topics that are not stored yet',
      registers,
      collect() {
        this.set(state().lag);
      },
    });
  }

  stored({ rows, unreadable }: StoredBatch, facts: { records: number; durationMs: number; lagMs: number }): void {
    for (const [table, count] of Object.entries(rows)) this.#rows.inc({ table }, count);
    this.#duration.observe(facts.durationMs / 1_000);
    this.#lag.set(Math.max(0, facts.lagMs) / 1_000);
    for (const { record, reason } of unreadable) {
      const { topic, partition, offset } = record;
      this.#unreadable.inc({ topic });
      this.log.error({ topic, partition, offset, reason, bytes: record.value?.length }, 'skipped an unreadable record');
    }
    const [durationMs, lagMs] = [round(facts.durationMs), Math.max(0, round(facts.lagMs))];
    this.log.info({ records: facts.records, rows, unreadable: unreadable.length, durationMs, lagMs }, 'batch stored');
  }

  failed(error: unknown, failures: number): void {
    const line = { error: describeError(error), failures };
    if (failures % SAY_EVERY === 1) this.log.error(line, 'could not store; trying again');
    else this.log.debug(line, 'could not store; trying again');
  }

  moved(): void {
    this.#moved.inc();
    this.log.info({}, 'another instance has stored these records; reading on behind it');
  }
}

/** Milliseconds to the microsecond. */
function round(milliseconds: number): number {
  return Math.round(milliseconds * 1_000) / 1_000;
}
