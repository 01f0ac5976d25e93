import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Consumer } from 'kafkajs';
import { createKafka, withAdmin } from '../client.js';
import type { KafkaClients } from '../client.js';
import type { ConsumedRecord } from '../consumed-record.js';
import { ensureTopics } from '../ensure-topics.js';
import { FlushingProducer } from '../flushing-producer.js';
import type { OutgoingRecord } from '../outgoing-record.js';
import { RecordConsumer } from '../record-consumer.js';
import type { RecordConsumerOptions } from '../record-consumer-options.js';
import { silentLog } from './silent-log.js';

const PATIENCE_MS = 30_000;

/** Waits for a condition; fails with `what` when it does not come. */
export async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`waited in vain until ${what}`);
    await pause(10);
  }
}

export interface Handed {
  readonly records: ConsumedRecord[];
  /** Values, as text, in the order in which they came. */
  values(): string[];
  offsets(partition: number): number[];
}

/** Topics, groups and clients of one test file on a real broker. */
export class TestBroker {
  readonly brokers: readonly string[];
  readonly kafka: KafkaClients;
  readonly producer: FlushingProducer;
  readonly #prefix = `kafka-lib.${randomUUID()}`;
  readonly #consumers: RecordConsumer[] = [];
  #count = 0;

  constructor() {
    const brokers = process.env.KAFKA_BROKERS?.split(',');
    if (brokers === undefined) throw new Error('KAFKA_BROKERS is not set');
    this.brokers = brokers;
    this.kafka = createKafka({ clientId: 'kafka-lib-test', brokers, log: silentLog });
    this.producer = new FlushingProducer({ kafka: this.kafka, log: silentLog });
  }

  name(): string {
    this.#count += 1;
    return `${this.#prefix}.${this.#count}`;
  }

  async topic(partitions = 1, config: Record<string, string> = {}): Promise<string> {
    const topic = this.name();
    await ensureTopics(this.kafka, [{ topic, partitions, replicationFactor: 1, config }], silentLog);
    return topic;
  }

  async produce(records: readonly OutgoingRecord[]): Promise<void> {
    await Promise.all(records.map((record) => this.producer.send(record)));
  }

  /** A consumer that keeps what it gets. Stopped by `close`. */
  consumer(options: Pick<RecordConsumerOptions, 'topics' | 'groupId'> & Partial<RecordConsumerOptions>): {
    consumer: RecordConsumer;
    handed: Handed;
  } {
    const records: ConsumedRecord[] = [];
    const consumer = new RecordConsumer({
      kafka: this.kafka,
      log: silentLog,
      ...options,
      onRecord: (record) => {
        options.onRecord?.(record);
        records.push(record);
      },
    });
    this.#consumers.push(consumer);
    const handed: Handed = {
      records,
      values: () => records.map(({ value }) => String(value)),
      offsets: (partition) => records.filter((record) => record.partition === partition).map(({ offset }) => offset),
    };
    return { consumer, handed };
  }

  committed(groupId: string, topic: string, partition = 0): Promise<{ offset: number; metadata: string | null }> {
    return withAdmin(this.kafka, async (admin) => {
      const [found] = await admin.fetchOffsets({ groupId, topics: [topic] });
      const entry = found?.partitions.find((one) => one.partition === partition);
      return { offset: Number(entry?.offset ?? -1), metadata: entry?.metadata ?? null };
    });
  }

  groupState(groupId: string): Promise<string | undefined> {
    return withAdmin(this.kafka, async (admin) => (await admin.describeGroups([groupId])).groups[0]?.state);
  }

  /** Clients whose consumers can be killed: they are gone without a commit. */
  mortal(): { kafka: KafkaClients; kill: () => Promise<void> } {
    const born: Consumer[] = [];
    const consumer: KafkaClients['consumer'] = (config, onSign) => {
      const made = this.kafka.consumer(config, onSign);
      born.push(made);
      return made;
    };
    const kill = async () => {
      for (const one of born) await one.disconnect();
    };
    return { kafka: { ...this.kafka, consumer }, kill };
  }

  async close(): Promise<void> {
    await Promise.all(this.#consumers.map((consumer) => consumer.stop({ drainMs: 0 })));
    await this.producer.close();
  }
}

/** Values 0, 1, 2, … for one partition. */
export function numbered(topic: string, count: number, partition = 0, from = 0): OutgoingRecord[] {
  return Array.from({ length: count }, (_, index) => ({ topic, partition, value: String(from + index) }));
}

export function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, index) => from + index);
}
