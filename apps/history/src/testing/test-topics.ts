import { randomBytes } from 'node:crypto';
import { topicNames, topicSpecs } from '@postduif/contracts';
import type { TopicNames } from '@postduif/contracts';
import { createKafka, ensureTopics, FlushingProducer, withAdmin } from '@postduif/kafka';
import type { KafkaClients } from '@postduif/kafka';
import { silent } from './test-database.js';

export const PARTITIONS = 3;

export interface TestTopics {
  readonly brokers: readonly string[];
  readonly prefix: string;
  readonly names: TopicNames;
  readonly kafka: KafkaClients;
  readonly producer: FlushingProducer;
  /** Makes the topics of history that are missing. */
  create(): Promise<void>;
  delete(topics?: readonly string[]): Promise<void>;
  /** Stops the producer and deletes the topics. */
  drop(): Promise<void>;
}

/** Topics of its own on the broker for tests. */
export async function createTestTopics(): Promise<TestTopics> {
  const servers = process.env.KAFKA_BROKERS;
  if (servers === undefined) throw new Error('set KAFKA_BROKERS to a Kafka broker');
  const brokers = servers.split(',');
  const prefix = `history-test-${randomBytes(6).toString('hex')}.`;
  const names = topicNames(prefix);
  const own = [names.events, names.attempts, names.config];
  const kafka = createKafka({ clientId: 'history-test', brokers, log: silent });
  const producer = new FlushingProducer({ kafka, log: silent, deliveryTimeoutMs: 30_000 });
  const specs = topicSpecs({ prefix, partitions: PARTITIONS, replicationFactor: 1 });
  const test: TestTopics = {
    brokers,
    prefix,
    names,
    kafka,
    producer,
    create: async () => {
      await ensureTopics(
        kafka,
        specs.filter(({ topic }) => own.includes(topic)),
        silent,
      );
    },
    delete: (topics = own) => withAdmin(kafka, (admin) => admin.deleteTopics({ topics: [...topics] })),
    drop: async () => {
      await producer.close();
      await test.delete();
    },
  };
  await test.create();
  return test;
}
