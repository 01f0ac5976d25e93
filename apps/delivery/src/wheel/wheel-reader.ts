import { decodeDeliveryHeaders, WHEEL_TIERS } from '@postduif/contracts';
import type { TopicNames } from '@postduif/contracts';
import { tierFor } from '@postduif/retry-schedule';
import { RecordConsumer } from '@postduif/kafka';
import type { ConsumedRecord, KafkaClients, Log, PartitionState } from '@postduif/kafka';
import type { Clock } from '../engine/ports.js';
import type { DurableProducer, KafkaExits } from '../exits/kafka-exits.js';
import { Uncommitted } from './back-pressure.js';
import { Wheel } from './wheel.js';
import type { Waiting } from './wheel.js';

interface WaitingRecord extends Waiting {
  readonly record: ConsumedRecord;
}

export interface WheelReaderOptions {
  readonly kafka: KafkaClients;
  readonly groupId: string;
  readonly topics: TopicNames;
  readonly producer: DurableProducer;
  readonly exits: KafkaExits;
  /** See `WheelOptions.isBehind`. */
  readonly isBehind: () => boolean;
  readonly clock: Clock;
  readonly log: Log;
  readonly failed: (error: unknown) => void;
}

const MIB = 1024 * 1024;
/** Enough for what is released within two seconds, also when everything waits in one partition. */
const IN_MEMORY = { records: 10_000, bytes: 16 * MIB };
const PARTITION_FETCH_BYTES = MIB / 4;
const FETCH_BYTES = 2 * MIB;
const LAST_COPIES_MS = 1_000;

/** Connects the wheel with its topics: what is read waits, what is released goes back to `deliveries` or down a tier. */
export class WheelReader {
  readonly #wheel: Wheel<WaitingRecord>;
  readonly #consumer: RecordConsumer;
  readonly #uncommitted = new Uncommitted();

  constructor(private readonly options: WheelReaderOptions) {
    const { kafka, groupId, topics, isBehind, clock, log, failed } = options;
    const delays = new Map(WHEEL_TIERS.map((tier) => [topics.retry[tier.name], tier.delayMs]));
    this.#wheel = new Wheel({
      clock,
      delayOf: (topic) => delays.get(topic) ?? 0,
      forward: (waiting, now) => this.#forward(waiting, now),
      resume: (partition) => {
        this.#consumer.resume(partition);
      },
      // Otherwise the new owner of a partition would release the same once more.
      mayRelease: () => this.#consumer.mayBegin(),
      uncommitted: () => this.#uncommitted.count(this.#consumer.lag()),
      isBehind,
      failed,
    });
    this.#consumer = new RecordConsumer({
      kafka,
      log,
      groupId,
      topics: Object.values(topics.retry),
      highWater: IN_MEMORY,
      totalHighWater: IN_MEMORY,
      maxBytesPerPartition: PARTITION_FETCH_BYTES,
      maxBytesPerFetch: FETCH_BYTES,
      // Well below how long before a release its partition is read on.
      maxWaitTimeInMs: 500,
      settled: () => this.#wheel.settled(),
      isWanted: ({ topic, partition, timestamp }) => this.#wheel.isWanted({ topic, partition, enteredAt: timestamp }),
      onRecord: (record) => {
        this.#read(record);
      },
      onRevoked: (partitions) => {
        for (const partition of partitions) this.#wheel.drop(partition);
      },
    });
  }

  /** Records of the wheel in memory. */
  get waiting(): number {
    return this.#wheel.waiting;
  }

  start(): Promise<void> {
    return this.#consumer.start();
  }

  /** What is on its way to the next topic is done first, unless the broker is away; what waits is not done sooner by waiting. */
  async stop(): Promise<void> {
    await this.#consumer.stop({ drainMs: LAST_COPIES_MS });
  }

  isAlive(maxSilenceMs: number): boolean {
    return this.#consumer.isAlive(maxSilenceMs);
  }

  partitions(): PartitionState[] {
    return this.#consumer.lag();
  }

  #read(record: ConsumedRecord): void {
    const { topic, partition, timestamp, key, value, headers, exactHeaders } = record;
    const done = (): void => {
      record.done();
    };
    const delivery = decodeDeliveryHeaders(headers);
    if (delivery === undefined) {
      const letter = { key, value: value ?? Buffer.alloc(0), headers: exactHeaders };
      this.options.exits.malformed(letter).then(done, this.options.failed);
      return;
    }
    const { webhook, dueAt = timestamp } = delivery;
    this.#wheel.add({ topic, partition, enteredAt: timestamp, dueAt, webhook, record, done });
  }

  #forward({ record, dueAt }: WaitingRecord, now: number): Promise<void> {
    const { topics, producer } = this.options;
    return producer.send({
      topic: dueAt <= now ? topics.deliveries : topics.retry[tierFor(dueAt - now).name],
      key: record.key,
      value: record.value ?? Buffer.alloc(0),
      headers: record.exactHeaders,
      // The rest of its wait begins now, also when Kafka takes it later.
      timestamp: now,
    });
  }
}
