import { setTimeout as timeout } from 'node:timers/promises';
import { isDataError } from './batch-store.js';
import type { BatchStore, StoredBatch } from './batch-store.js';
import { OffsetMovedError } from './offset-store.js';
import type { OffsetMove, OffsetStore, TopicPartition } from './offset-store.js';
import type { SourceRecord } from './source-record.js';

const MOST_RECORDS = 2_000;
const MOST_BYTES = 4 * 1024 * 1024;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;

/** What the writer tells of its work, for logs and metrics. */
export interface WriterObserver {
  stored(batch: StoredBatch, facts: { records: number; durationMs: number; lagMs: number }): void;
  /** PostgreSQL did not take the batch; it is tried again. */
  failed(error: unknown, failures: number): void;
  /** Another writer has stored records of the same partitions. */
  moved(): void;
}

export interface BatchWriterOptions {
  readonly offsets: Pick<OffsetStore, 'read'>;
  readonly store: Pick<BatchStore, 'write'>;
  readonly observer: WriterObserver;
  /**
   * A stored offset is lower than what this writer has stored: the database lost something (a backup was restored). The
   * partitions must be read again from `OffsetStore`.
   */
  readonly rewound: () => void;
  readonly now?: () => number;
  /** Waits before the next try; ends early when the writer is stopped. */
  readonly pause?: (ms: number, stopped: AbortSignal) => Promise<void>;
}

/** One assignment of a partition. Its records are stored while it lasts. */
interface Assignment extends TopicPartition {
  /** As in `history.offsets`: everything below is stored. */
  position: number;
  /** Above every record that was taken. */
  next: number;
  revoked: boolean;
}

interface Pending {
  readonly record: SourceRecord;
  readonly assignment: Assignment;
}

/**
 * Stores records in the order of their partitions, in batches: while one transaction is under way the next batch gathers, and
 * nothing waits when idle. While PostgreSQL is away it keeps trying; memory is bounded by the consumer, which stops reading when too
 * many records are not done.
 */
export class BatchWriter {
  readonly #assignments = new Map<string, Assignment>();
  /** The latest call of `assign` for each partition: the answer to an earlier one may come later. */
  readonly #latest = new Map<string, symbol>();
  readonly #now: () => number;
  #queue: Pending[] = [];
  #running: Promise<void> | undefined;
  readonly #stopped = new AbortController();

  constructor(private readonly options: BatchWriterOptions) {
    this.#now = options.now ?? Date.now;
  }

  /** Records waiting to be stored. */
  get queued(): number {
    return this.#queue.length;
  }

  /** Takes partitions over; answers from which offset each must be read, in the order given. */
  async assign(partitions: readonly TopicPartition[]): Promise<number[]> {
    const call = Symbol();
    for (const { topic, partition } of partitions) this.#latest.set(keyOf(topic, partition), call);
    const positions = await this.options.offsets.read(partitions);
    partitions.forEach(({ topic, partition }, index) => {
      const key = keyOf(topic, partition);
      if (this.#latest.get(key) !== call) return;
      const former = this.#assignments.get(key);
      if (former) former.revoked = true;
      const position = positions[index] ?? 0;
      this.#assignments.set(key, { topic, partition, position, next: position, revoked: false });
    });
    return positions;
  }

  /** Forgets the waiting records of partitions that are read by another instance from now on. */
  revoke(partitions: readonly TopicPartition[]): void {
    for (const { topic, partition } of partitions) {
      const assignment = this.#assignments.get(keyOf(topic, partition));
      if (assignment) assignment.revoked = true;
      this.#assignments.delete(keyOf(topic, partition));
    }
    this.#queue = this.#queue.filter(({ assignment }) => !assignment.revoked);
  }

  /** Takes a record to be stored soon. Within a partition, in the order of offsets. */
  add(record: SourceRecord): void {
    const assignment = this.#assignments.get(keyOf(record.topic, record.partition));
    if (assignment === undefined || this.#stopped.signal.aborted) return;
    if (record.offset < assignment.position) {
      record.done();
      return;
    }
    // Read again by a consumer that joined its group anew; the first copy is on its way.
    if (record.offset < assignment.next) return;
    assignment.next = record.offset + 1;
    this.#queue.push({ record, assignment });
    this.#running ??= this.#run();
  }

  /**
   * Stores what is waiting and takes nothing more. Gives up at the first failure and after `graceMs`: what is not stored is
   * read again at the next start.
   */
  async stop(graceMs = 6_000): Promise<void> {
    this.#stopped.abort();
    const gaveUp = new AbortController();
    await Promise.race([this.#running, timeout(graceMs, undefined, { signal: gaveUp.signal }).catch(() => undefined)]);
    gaveUp.abort();
  }

  async #run(): Promise<void> {
    // What is read in one go is stored in one go.
    await Promise.resolve();
    for (let failures = 0; ;) {
      const batch = this.#take(Math.max(1, Math.floor(MOST_RECORDS / 2 ** failures)));
      if (batch.length === 0) break;
      try {
        await this.#store(batch);
        failures = 0;
      } catch (error) {
        this.#queue = [...batch.filter(isWaiting), ...this.#queue];
        if (error instanceof OffsetMovedError) this.options.observer.moved();
        else this.options.observer.failed(error, ++failures);
        await this.#recover(batch, failures);
        if (this.#stopped.signal.aborted) break;
      }
    }
    this.#running = undefined;
  }

  /** The next records to store. Passes by what belongs to others now, or is stored already. */
  #take(most: number): Pending[] {
    const batch: Pending[] = [];
    let bytes = 0;
    let taken = 0;
    for (const pending of this.#queue) {
      if (batch.length >= most || bytes >= MOST_BYTES) break;
      taken++;
      if (pending.assignment.revoked) continue;
      if (!isWaiting(pending)) {
        pending.record.done();
        continue;
      }
      batch.push(pending);
      bytes += pending.record.value?.length ?? 0;
    }
    this.#queue.splice(0, taken);
    return batch;
  }

  /** Stores a batch. When PostgreSQL refuses data, halves it until the record is found that cannot be stored. */
  async #store(batch: readonly Pending[], refused?: string): Promise<void> {
    const started = performance.now();
    const records = batch.map(({ record }) => record);
    try {
      const stored = await this.options.store.write(records, movesOf(batch), refused);
      for (const { record, assignment } of batch) assignment.position = record.offset + 1;
      this.options.observer.stored(stored, {
        records: batch.length,
        durationMs: performance.now() - started,
        lagMs: this.#now() - (records.at(-1)?.timestamp ?? this.#now()),
      });
    } catch (error) {
      if (refused !== undefined || !isDataError(error)) throw error;
      await this.#storeHalves(batch, error);
      return;
    }
    for (const record of records) record.done();
  }

  async #storeHalves(batch: readonly Pending[], error: unknown): Promise<void> {
    if (batch.length === 1) {
      await this.#store(batch, `PostgreSQL refuses it (${String((error as { code?: unknown }).code)})`);
      return;
    }
    const half = batch.length >> 1;
    await this.#store(batch.slice(0, half));
    await this.#store(batch.slice(half));
  }

  /** Whether a transaction whose end was not seen has happened, and what others have stored, only the database knows. */
  async #recover(batch: readonly Pending[], failures: number): Promise<void> {
    if (failures > 0 && !this.#stopped.signal.aborted) await this.#pause(failures);
    if (this.#stopped.signal.aborted) return;
    const assignments = [...new Set(batch.map(({ assignment }) => assignment))];
    const positions = await this.#read(assignments);
    if (positions === undefined) return;
    const lost = assignments.filter((assignment, index) => (positions[index] ?? 0) < assignment.position);
    assignments.forEach((assignment, index) => {
      assignment.position = positions[index] ?? 0;
    });
    const rewound = lost.some(({ revoked }) => !revoked);
    for (const assignment of lost) assignment.revoked = true;
    if (rewound) this.options.rewound();
  }

  async #pause(failures: number): Promise<void> {
    const ms = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(failures - 1, 10));
    await (this.options.pause ?? waitFor)(ms, this.#stopped.signal);
  }

  /** Waits for PostgreSQL; `undefined` when the writer was stopped meanwhile. */
  async #read(partitions: readonly TopicPartition[]): Promise<number[] | undefined> {
    for (let failures = 1; !this.#stopped.signal.aborted; failures++) {
      try {
        return await this.options.offsets.read(partitions);
      } catch (error) {
        this.options.observer.failed(error, failures);
        await this.#pause(failures);
      }
    }
    return undefined;
  }
}

/** False when the record is stored already. */
function isWaiting({ record, assignment }: Pending): boolean {
  return record.offset >= assignment.position;
}

function movesOf(batch: readonly Pending[]): OffsetMove[] {
  const next = new Map<Assignment, number>();
  for (const { record, assignment } of batch) next.set(assignment, record.offset + 1);
  return [...next].map(([assignment, offset]) => ({
    topic: assignment.topic,
    partition: assignment.partition,
    expected: assignment.position,
    next: offset,
  }));
}

async function waitFor(ms: number, stopped: AbortSignal): Promise<void> {
  await timeout(ms, undefined, { signal: stopped }).catch(() => undefined);
}

function keyOf(topic: string, partition: number): string {
  return `${topic}/${partition}`;
}
