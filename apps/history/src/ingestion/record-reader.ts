import { RecordConsumer, withAdmin } from '@postduif/kafka';
import type { KafkaClients } from '@postduif/kafka';
import type { Logger } from 'pino';
import type { BatchWriter } from './batch-writer.js';
import type { LogEnds, ReadingStart } from './reading-start.js';

/** What is read of one partition and not stored yet; bounds the memory while PostgreSQL is away. */
const HIGH_WATER = { records: 2_000, bytes: 4 * 1024 * 1024 };
/** History may be a moment behind: few large transactions cost the database and the broker much less than many small ones. */
const WORTH_FETCHING_BYTES = 256 * 1024;
const MOST_SILENCE_MS = 60_000;

export interface RecordReaderOptions {
  readonly kafka: KafkaClients;
  readonly groupId: string;
  /** `events` and `attempts`, by their full names. */
  readonly topics: readonly string[];
  readonly writer: Pick<BatchWriter, 'add' | 'revoke'>;
  readonly start: Pick<ReadingStart, 'of'>;
  readonly log: Logger;
}

/** Reads the topics into the writer. Where to read on stands in PostgreSQL; what is committed to Kafka is for monitoring only. */
export class RecordReader {
  #consumer: RecordConsumer | undefined;
  #changing: Promise<void> = Promise.resolve();

  constructor(private readonly options: RecordReaderOptions) {}

  start(): void {
    this.#consumer = this.#build();
    void this.#consumer.start();
  }

  /** Leaves the group and joins it anew, so that all positions are asked for again. */
  restart(): void {
    this.#changing = this.#changing.then(async () => {
      if (this.#consumer === undefined) return;
      await this.#consumer.stop({ drainMs: 0 });
      this.start();
    });
  }

  /** What is in flight now must be stored before, or it is read again at the next start. */
  async stop(): Promise<void> {
    await this.#changing;
    const consumer = this.#consumer;
    this.#consumer = undefined;
    await consumer?.stop({ drainMs: 0 });
  }

  isAlive(): boolean {
    return this.#consumer?.isAlive(MOST_SILENCE_MS) ?? true;
  }

  /** Records that are on the topics and not stored yet. */
  lag(): number {
    return this.#consumer?.lag().reduce((sum, { lag }) => sum + (lag ?? 0), 0) ?? 0;
  }

  #build(): RecordConsumer {
    const { kafka, groupId, topics, writer, start, log } = this.options;
    return new RecordConsumer({
      kafka,
      groupId,
      topics,
      highWater: HIGH_WATER,
      minBytes: WORTH_FETCHING_BYTES,
      startOffsets: (partitions) => start.of(partitions),
      onRecord: (record) => {
        writer.add(record);
      },
      onRevoked: (partitions) => {
        writer.revoke(partitions);
      },
      log,
    });
  }
}

/** The ends of topics, as the broker tells them. */
export function logEndsOf(kafka: Pick<KafkaClients, 'admin'>): LogEnds {
  return (topic) =>
    withAdmin(kafka, async (admin) => {
      const partitions = await admin.fetchTopicOffsets(topic);
      return new Map(partitions.map(({ partition, high }) => [partition, Number(high)]));
    });
}
