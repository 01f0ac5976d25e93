import { randomUUID } from 'node:crypto';
import kafkajs from 'kafkajs';
import type { Consumer } from 'kafkajs';
import { until } from './until.js';

export interface TopicRecord {
  readonly partition: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, string>>;
}

/** A topic from its beginning on, read with a plain Kafka client. */
export class RecordedTopic {
  readonly records: TopicRecord[] = [];

  private constructor(
    readonly name: string,
    private readonly consumer: Consumer,
  ) {}

  static async read(brokers: readonly string[], topic: string): Promise<RecordedTopic> {
    const consumer = plainKafka(brokers).consumer({ groupId: `test-${randomUUID()}` });
    const recorded = new RecordedTopic(topic, consumer);
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({
      eachMessage: ({ partition, message: { key, value, headers = {} } }) => {
        const texts = Object.entries(headers).map(([name, header]) => [name, String(header)]);
        recorded.records.push({ partition, key, value, headers: Object.fromEntries(texts) as Record<string, string> });
        return Promise.resolve();
      },
    });
    return recorded;
  }

  /** The first record that matches, as soon as it is there. */
  find(matches: (record: TopicRecord) => boolean): Promise<TopicRecord> {
    return until(() => this.records.find(matches), `the record is on ${this.name}`);
  }

  async close(): Promise<void> {
    await this.consumer.disconnect();
  }
}

/** A client as any other team would have it. */
export function plainKafka(brokers: readonly string[]): kafkajs.Kafka {
  return new kafkajs.Kafka({ brokers: [...brokers], clientId: 'another-team', logLevel: kafkajs.logLevel.NOTHING });
}
