import { setTimeout as pause } from 'node:timers/promises';
import kafkajs from 'kafkajs';
import type { CompressionTypes, Producer, RecordMetadata } from 'kafkajs';
import type { KafkaClients } from './client.js';
import type { Log } from './log.js';
import { byTopic, sizeOf } from './outgoing-record.js';
import type { OutgoingRecord } from './outgoing-record.js';
import { ProducerError } from './producer-error.js';
import { isTopicRefusal, refusalOf } from './refusal.js';
import { partitionKey } from './topic-partition.js';
import { within } from './within.js';

export interface FlushingProducerOptions {
  readonly kafka: Pick<KafkaClients, 'producer'>;
  readonly log: Log;
  /** Milliseconds after which `send` rejects with `broker_unavailable`. Default 10,000. `Infinity` waits for the broker. */
  readonly deliveryTimeoutMs?: number;
  /** Beyond it `send` rejects with `producer_buffer_full`. Default 64 MiB. */
  readonly maxBufferedBytes?: number;
  /** Beyond it `send` rejects with `producer_buffer_full`. Default 100,000. */
  readonly maxBufferedRecords?: number;
  /** Bytes of a request, uncompressed; a larger record goes alone. Default 1,000,000, below the default limit of a broker. */
  readonly maxBatchBytes?: number;
  /** Bytes of a record, headers included; beyond it `send` rejects with `record_too_large`. Default 8 MiB less 64 KiB. */
  readonly maxRecordBytes?: number;
  /** Default none. */
  readonly compression?: CompressionTypes;
}

interface Entry {
  readonly record: OutgoingRecord;
  readonly bytes: number;
  readonly deadline: number;
  readonly resolve: () => void;
  readonly reject: (error: ProducerError) => void;
  settled: boolean;
}

const MIB = 1024 * 1024;
const DEFAULTS = {
  deliveryTimeoutMs: 10_000,
  maxBufferedBytes: 64 * MIB,
  maxBufferedRecords: 100_000,
  maxBatchBytes: 1_000_000,
  maxRecordBytes: 8 * MIB - 64 * 1024,
};
const EXPIRY_MS = 250;
const RETRY_PAUSE_MS = 250;
const DISCONNECT_MS = 1_000;

/**
 * Writes with `acks=all` and without linger: while a request is under way the next batch gathers, and nothing waits when idle. Records of a
 * partition are written in the order of `send`, save for those that had to be separated from a refused one.
 *
 * At least once: a record may be written twice when an answer is lost, and one whose `send` was rejected with `broker_unavailable` may
 * have been written, or be written later, as its request cannot be called back.
 */
export class FlushingProducer {
  readonly #limits: typeof DEFAULTS;
  #producer: Promise<Producer> | undefined;
  #queue: Entry[] = [];
  /** Parts of a batch that go before the queue, each in a request of its own. */
  #first: Entry[][] = [];
  #inFlight: readonly Entry[] = [];
  #bufferedBytes = 0;
  #bufferedRecords = 0;
  #running = false;
  #failing = false;
  #closed = false;
  #expiry: NodeJS.Timeout | undefined;
  #whenEmpty: (() => void)[] = [];

  constructor(private readonly options: FlushingProducerOptions) {
    this.#limits = { ...DEFAULTS, ...options };
  }

  /** Records that are not settled yet. */
  get buffered(): { readonly records: number; readonly bytes: number } {
    return { records: this.#bufferedRecords, bytes: this.#bufferedBytes };
  }

  /** False from a failed or overdue request until the broker answers again, which is found out within about a second. */
  available(): boolean {
    return !this.#failing;
  }

  /** Resolves when the record is durable on all in-sync replicas. Rejects with `ProducerError`. */
  send(record: OutgoingRecord): Promise<void> {
    const bytes = sizeOf(record);
    const { maxRecordBytes, maxBufferedBytes, maxBufferedRecords, deliveryTimeoutMs } = this.#limits;
    if (this.#closed) return Promise.reject(new ProducerError('producer_closed'));
    if (bytes > maxRecordBytes) return Promise.reject(new ProducerError('record_too_large'));
    if (this.#bufferedBytes + bytes > maxBufferedBytes || this.#bufferedRecords >= maxBufferedRecords)
      return Promise.reject(new ProducerError('producer_buffer_full'));
    this.#bufferedBytes += bytes;
    this.#bufferedRecords += 1;
    return new Promise((resolve, reject) => {
      const deadline = Date.now() + deliveryTimeoutMs;
      this.#queue.push({ record, bytes, deadline, resolve, reject, settled: false });
      this.#watch();
      if (!this.#running) void this.#run();
    });
  }

  /** Resolves when nothing is buffered: everything sent so far is durable or was rejected. */
  flush(): Promise<void> {
    if (this.#bufferedRecords === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#whenEmpty.push(resolve);
    });
  }

  /** Writes what is buffered, for at most `timeoutMs` (default 5,000), rejects the rest and disconnects. */
  async close(timeoutMs = 5_000): Promise<void> {
    await within(timeoutMs, this.flush());
    this.#closed = true;
    for (const entry of [...this.#inFlight, ...this.#first.flat(), ...this.#queue])
      this.#settle(entry, new ProducerError('producer_closed'));
    await within(DISCONNECT_MS, this.#disconnect());
  }

  async #run(): Promise<void> {
    this.#running = true;
    // One turn of the event loop lets everything that is sent in the same moment go together.
    await new Promise((resolve) => setImmediate(resolve));
    while (!this.#closed && (this.#failing || this.#bufferedRecords > 0)) {
      const producer = await this.#connected();
      if (producer === undefined) await pause(RETRY_PAUSE_MS);
      else await this.#write(producer, this.#next());
    }
    this.#running = false;
  }

  /** The client, or undefined while the broker cannot be reached. */
  async #connected(): Promise<Producer | undefined> {
    try {
      this.#producer ??= connect(this.options.kafka.producer());
      const producer = await this.#producer;
      if (this.#bufferedRecords === 0) this.#answered();
      return producer;
    } catch (error) {
      this.#failed(error);
      return undefined;
    }
  }

  #next(): Entry[] {
    const first = this.#first.shift();
    if (first !== undefined) return first.filter(({ settled }) => !settled);
    let bytes = 0;
    let count = 0;
    for (const entry of this.#queue) {
      bytes += entry.bytes;
      if (count > 0 && bytes > this.#limits.maxBatchBytes) break;
      count += 1;
    }
    return this.#queue.splice(0, count);
  }

  async #write(producer: Producer, entries: Entry[]): Promise<void> {
    if (entries.length === 0) return;
    this.#inFlight = entries;
    const { compression = kafkajs.CompressionTypes.None } = this.options;
    try {
      const written = await producer.sendBatch({
        acks: -1,
        compression,
        topicMessages: byTopic(entries.map(({ record }) => record)),
      });
      this.#answered();
      this.#written(entries, written);
    } catch (error) {
      const type = refusalOf(error);
      if (type === undefined) {
        this.#failed(error);
        this.#first.unshift(entries);
        await pause(RETRY_PAUSE_MS);
      } else this.#refused(entries, type, error);
    }
    this.#inFlight = [];
  }

  #written(entries: readonly Entry[], written: readonly RecordMetadata[]): void {
    if (entries.every(({ record }) => record.partition === undefined)) {
      for (const entry of entries) this.#settle(entry);
      return;
    }
    // kafkajs leaves out a record for a partition that is not there, and says nothing.
    const partitions = new Set(
      written.map(({ topicName, partition }) => partitionKey({ topic: topicName, partition })),
    );
    for (const entry of entries) {
      const { topic, partition } = entry.record;
      const there = partition === undefined || partitions.has(partitionKey({ topic, partition }));
      this.#settle(entry, there ? undefined : new ProducerError('record_refused'));
    }
  }

  /** Something among the entries can never be written. They are separated until it is alone. */
  #refused(entries: Entry[], type: string, error: unknown): void {
    const topics = Map.groupBy(entries, ({ record }) => record.topic);
    if (isTopicRefusal(type)) this.#replaceClient();
    if (topics.size > 1) this.#first.unshift(...topics.values());
    else if (entries.length > 1 && !isTopicRefusal(type)) {
      const half = Math.ceil(entries.length / 2);
      this.#first.unshift(entries.slice(0, half), entries.slice(half));
    } else {
      const topic = entries[0]?.record.topic;
      this.options.log.error(
        { err: error, topic, records: entries.length, bytes: entries[0]?.bytes },
        'Kafka refused a record',
      );
      const code = type === 'MESSAGE_TOO_LARGE' ? 'record_too_large' : 'record_refused';
      for (const entry of entries) this.#settle(entry, new ProducerError(code, { cause: error }));
    }
  }

  #failed(error: unknown): void {
    this.#overdue(error);
    this.#replaceClient();
  }

  #overdue(error?: unknown): void {
    if (!this.#failing)
      this.options.log.warn({ err: error, ...this.buffered }, 'Kafka does not take records; trying again');
    this.#failing = true;
  }

  #answered(): void {
    if (this.#failing) this.options.log.info(this.buffered, 'Kafka takes records again');
    this.#failing = false;
  }

  /** A new client starts without stale metadata: kafkajs keeps asking for a topic that is gone, and then fails for all. */
  #replaceClient(): void {
    void within(DISCONNECT_MS, this.#disconnect());
  }

  async #disconnect(): Promise<void> {
    const former = this.#producer;
    this.#producer = undefined;
    try {
      await (await former)?.disconnect();
    } catch (error) {
      this.options.log.debug({ err: error }, 'a producer could not disconnect');
    }
  }

  #settle(entry: Entry, error?: ProducerError): void {
    if (entry.settled) return;
    entry.settled = true;
    this.#bufferedBytes -= entry.bytes;
    this.#bufferedRecords -= 1;
    if (error === undefined) entry.resolve();
    else entry.reject(error);
    if (this.#bufferedRecords === 0) this.#emptied();
  }

  #emptied(): void {
    clearInterval(this.#expiry);
    this.#expiry = undefined;
    for (const resolve of this.#whenEmpty.splice(0)) resolve();
  }

  #watch(): void {
    if (this.#limits.deliveryTimeoutMs === Infinity) return;
    this.#expiry ??= setInterval(() => {
      this.#expire(Date.now());
    }, EXPIRY_MS);
  }

  #expire(now: number): void {
    let overdue = 0;
    while ((this.#queue[overdue]?.deadline ?? Infinity) <= now) overdue += 1;
    const started = [...this.#inFlight, ...this.#first.flat()].filter(
      ({ deadline, settled }) => !settled && deadline <= now,
    );
    const expired = [...started, ...this.#queue.splice(0, overdue)];
    if (expired.length === 0) return;
    this.#overdue();
    for (const entry of expired) this.#settle(entry, new ProducerError('broker_unavailable'));
  }
}

async function connect(producer: Producer): Promise<Producer> {
  try {
    await producer.connect();
    return producer;
  } catch (error) {
    await producer.disconnect();
    throw error;
  }
}
