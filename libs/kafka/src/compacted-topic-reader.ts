import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { EachBatchPayload } from 'kafkajs';
import { withAdmin } from './client.js';
import type { KafkaClients } from './client.js';
import { systemClock } from './clock.js';
import type { Clock } from './clock.js';
import { GroupMember } from './group-member.js';
import type { Log } from './log.js';
import { own } from './partition-record.js';

export interface CompactedTopicReaderOptions {
  readonly kafka: Pick<KafkaClients, 'consumer' | 'admin' | 'memberName'>;
  /** Has one partition. */
  readonly topic: string;
  /**
   * The latest value of a key, or null when it was deleted. In the order of the topic, so a key may come several times, also again
   * after a reconnect. What it throws is logged, and the next entry follows.
   */
  onEntry(key: string, value: Buffer | null, position: { readonly offset: number }): void;
  readonly log: Log;
  readonly clock?: Clock;
}

const RETRY_PAUSE_MS = 1_000;

/**
 * Reads a topic of one partition, compacted or short, from the beginning and goes on reading, without a position in Kafka: each process
 * has all entries in memory. It is ready when it has read past the end that the topic had at the start.
 *
 * Where compaction has removed the last records of a topic, nothing tells a reader that it is at the end until the next record is
 * written. So the writer has to write one regularly.
 */
export class CompactedTopicReader {
  readonly #member: GroupMember;
  readonly #loaded = Promise.withResolvers<undefined>();
  #position = 0;
  #end: number | undefined;
  #highWatermark: number | undefined;
  #ready = false;
  #stopping = false;

  constructor(private readonly options: CompactedTopicReaderOptions) {
    const { kafka, topic, log, clock = systemClock } = options;
    const partition = { topic, partition: 0 };
    this.#member = new GroupMember(
      {
        kafka,
        // kafkajs reads in groups only. Kafka forgets this one when its member is gone, as it never commits.
        groupId: `${topic}.reader.${randomUUID()}`,
        topics: [topic],
        fromBeginning: true,
        maxBytesPerPartition: 4 * 1024 * 1024,
        maxBytesPerFetch: 4 * 1024 * 1024,
        // An entry ends the wait; it only spares requests while there is none.
        maxWaitTimeInMs: 500,
        minBytes: 1,
        sessionTimeoutMs: 30_000,
        // Nobody waits for the only member of a group.
        heartbeatMs: 3_000,
        log,
        clock,
      },
      {
        joined: () => {
          if (this.#position > 0) this.#member.seek(partition, this.#position);
        },
        rebalancing: () => Promise.resolve(),
        batch: (payload) => {
          this.#batch(payload);
          return Promise.resolve();
        },
        fetched: (_partition, next) => {
          this.#advance(next);
        },
        confirmed: () => undefined,
        left: () => undefined,
      },
    );
  }

  /** Resolves when `ready`. Never rejects: while the broker is away, or the topic is missing, it goes on trying. */
  start(): Promise<void> {
    this.#member.start();
    void this.#findEnd();
    return this.#loaded.promise;
  }

  /** Has everything been read that was there at the start? Stays true. */
  ready(): boolean {
    return this.#ready;
  }

  /** Entries between the position and the end, as the last fetch saw it; undefined before `ready`. */
  lag(): number | undefined {
    if (!this.#ready) return undefined;
    return Math.max(0, (this.#highWatermark ?? this.#position) - this.#position);
  }

  /** Offset of the next entry. */
  position(): number {
    return this.#position;
  }

  lastProgressAt(): number {
    return this.#member.lastProgressAt;
  }

  /** See `RecordConsumer.isAlive`. */
  isAlive(maxSilenceMs: number): boolean {
    return (this.options.clock ?? systemClock).now() - this.lastProgressAt() <= maxSilenceMs;
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#member.leave();
    this.#loaded.resolve(undefined);
  }

  async #findEnd(): Promise<void> {
    const { kafka, topic, log } = this.options;
    while (!this.#stopping && this.#end === undefined) {
      try {
        const [partition, ...more] = await withAdmin(kafka, (admin) => admin.fetchTopicOffsets(topic));
        if (partition === undefined) throw new Error(`the topic ${topic} is not there`);
        if (more.length > 0) log.error({ topic }, 'the topic has several partitions; only the first is read');
        // Nothing to read, though the offsets may not be zero.
        this.#end = partition.low === partition.high ? 0 : Number(partition.high);
        this.#check();
      } catch (error) {
        log.warn({ err: error, topic }, 'the end of the topic is not known yet; trying again');
        await pause(RETRY_PAUSE_MS, undefined, { ref: false });
      }
    }
  }

  #batch({ batch }: EachBatchPayload): void {
    if (batch.partition !== 0 || this.#stopping) return;
    this.#highWatermark = Number(batch.highWatermark);
    for (const { key, value, offset } of batch.messages) {
      if (key !== null) this.#entry(key.toString(), own(value), Number(offset));
    }
  }

  #entry(key: string, value: Buffer | null, offset: number): void {
    try {
      this.options.onEntry(key, value, { offset });
    } catch (error) {
      // What is wrong may repeat the entry; its key is enough to find it.
      const { name } = error instanceof Error ? error : Error.prototype;
      this.options.log.error({ error: name, topic: this.options.topic, key, offset }, 'an entry could not be applied');
    }
  }

  #advance(next: number): void {
    this.#position = next;
    this.#check();
  }

  #check(): void {
    if (this.#ready || this.#end === undefined || this.#position < this.#end) return;
    this.#ready = true;
    this.#loaded.resolve(undefined);
  }
}
