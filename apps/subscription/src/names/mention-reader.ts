import { RecordConsumer } from '@postduif/kafka';
import type { ConsumedRecord, KafkaClients } from '@postduif/kafka';
import type { Database } from '../database/database.js';
import { interruptiblePause, keepTrying } from '../keep-trying.js';
import type { Log } from '../log.js';
import { isStorable, mentionKey, mentionsOf } from './mentions.js';
import type { Mention } from './mentions.js';
import { insertMentions } from './name-rows.js';

const PACE_MS = 1_000;
/** Of a fetch, and of each partition in it: a busy one leaves room for others. */
const MOST_BYTES = 1024 * 1024;
const MOST_BYTES_OF_PARTITION = MOST_BYTES / 4;
const COMMIT_MS = 1_000;
/** What is remembered, so that the database is asked about news only. Beyond that it is forgotten and asked again. */
const MOST_KNOWN = 100_000;
/** Names of a kind in one place (an account, a database, a collection) that events can bring; by hand there may be more. */
const MOST_IN_PLACE = 1_000;

export interface MentionReaderOptions {
  readonly kafka: KafkaClients;
  readonly groupId: string;
  /** The topic `events`. */
  readonly topic: string;
  readonly database: Database;
  readonly log: Log;
  /** Milliseconds between two fetches that bring something. */
  readonly paceMs?: number;
}

/**
 * Fills the registry of names from the topic `events`, at its own pace: one fetch of at most a MiB, then a pause of all partitions in which what
 * is new is stored. However busy the topic is, that is all it costs; when there is more, names come later.
 */
export class MentionReader {
  readonly #consumer: RecordConsumer;
  readonly #stopped = new AbortController();
  readonly #known = new Set<string>();
  /** All partitions are paused. */
  #resting = false;
  /** Not stored yet, and the records that wait until they are. */
  readonly #news = new Map<string, Mention>();
  readonly #waiting: ConsumedRecord[] = [];
  #run: Promise<void> | undefined;

  constructor(private readonly options: MentionReaderOptions) {
    const { kafka, groupId, topic, log } = options;
    this.#consumer = new RecordConsumer({
      kafka,
      groupId,
      topics: [topic],
      maxBytesPerPartition: MOST_BYTES_OF_PARTITION,
      maxBytesPerFetch: MOST_BYTES,
      commitIntervalMs: COMMIT_MS,
      onRecord: (record) => {
        this.#take(record);
      },
      onAssigned: (partitions) => {
        if (this.#resting) for (const partition of partitions) this.#consumer.pause(partition);
      },
      log,
    });
  }

  start(): void {
    this.#run = this.#storeAtPace();
    void this.#consumer.start();
  }

  isAlive(maxSilenceMs: number): boolean {
    return this.#run === undefined || this.#consumer.isAlive(maxSilenceMs);
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    if (this.#run === undefined) return;
    await this.#run;
    await this.#consumer.stop({ drainMs: 0 });
  }

  #take(record: ConsumedRecord): void {
    this.#rest();
    let isNew = false;
    for (const mention of this.#mentionsIn(record)) {
      const key = mentionKey(mention);
      if (this.#known.has(key) || !isStorable(mention)) continue;
      isNew = true;
      this.#news.set(key, mention);
    }
    if (isNew) this.#waiting.push(record);
    else record.done();
  }

  #rest(): void {
    if (this.#resting) return;
    this.#resting = true;
    for (const partition of this.#consumer.lag()) this.#consumer.pause(partition);
  }

  #goOn(): void {
    this.#resting = false;
    for (const partition of this.#consumer.lag()) this.#consumer.resume(partition);
  }

  #mentionsIn({ value, topic, partition, offset }: ConsumedRecord): Mention[] {
    try {
      return value === null ? [] : mentionsOf(value.toString('utf8'));
    } catch {
      // What is wrong may repeat the record; its place is enough to find it.
      this.options.log.error({ topic, partition, offset }, 'an event cannot be read; its names are left out');
      return [];
    }
  }

  async #storeAtPace(): Promise<void> {
    const { signal } = this.#stopped;
    const { paceMs = PACE_MS, log } = this.options;
    while (!signal.aborted) {
      await interruptiblePause(paceMs, signal);
      if (!(await keepTrying(() => this.#store(), { failure: 'names could not be stored', log, signal }))) return;
      this.#goOn();
    }
  }

  async #store(): Promise<void> {
    // Meanwhile more may come.
    const news = [...this.#news];
    const records = this.#waiting.length;
    if (news.length > 0)
      await insertMentions(
        this.options.database,
        news.map(([, mention]) => mention),
        MOST_IN_PLACE,
      );
    if (this.#known.size + news.length > MOST_KNOWN) this.#known.clear();
    for (const [key] of news) {
      this.#news.delete(key);
      this.#known.add(key);
    }
    for (const record of this.#waiting.splice(0, records)) record.done();
  }
}
