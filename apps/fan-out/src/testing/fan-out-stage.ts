import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { configKey, decodeDeliveryHeaders, decodeIdentities, topicNames, topicSpecs } from '@postduif/contracts';
import type { DeliveryHeaders, TopicNames, WebhookSnapshot } from '@postduif/contracts';
import { createKafka, ensureTopics, FlushingProducer, RecordConsumer, withAdmin } from '@postduif/kafka';
import type { ConsumedRecord, KafkaClients } from '@postduif/kafka';
import { Health } from '@postduif/service';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { FanOut } from '../fan-out.js';
import { aWebhook } from './given.js';

const PATIENCE_MS = 30_000;
const PARTITIONS = 2;
const log = pino({ level: 'silent' });

/** Waits for a condition; fails with `what` when it does not come. */
export async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`waited in vain until ${what}`);
    await pause(10);
  }
}

export interface Running {
  readonly fanOut: FanOut;
  readonly health: Health;
  readonly metrics: Registry;
}

/** A delivery as it lies on the topic. */
export interface Seen extends DeliveryHeaders {
  readonly body: string;
}

/** Topics of one test on a real broker, with the services of which fan-out has need played by hand. */
export class FanOutStage {
  readonly prefix = `fan-out-test.${randomUUID()}.`;
  readonly topics: TopicNames = topicNames(this.prefix);
  readonly kafka: KafkaClients;
  readonly deliveries: Seen[] = [];
  readonly rejected: ConsumedRecord[] = [];
  /** Offset on `events` below which the identities of all events are written down. */
  rememberedTo = 0;
  readonly #brokers: string[];
  readonly #producer: FlushingProducer;
  readonly #reader: RecordConsumer;
  readonly #running = new Set<FanOut>();

  constructor() {
    const brokers = process.env.KAFKA_BROKERS?.split(',');
    if (brokers === undefined) throw new Error('KAFKA_BROKERS is not set');
    this.#brokers = brokers;
    this.kafka = createKafka({ clientId: 'fan-out-test', brokers, log });
    this.#producer = new FlushingProducer({ kafka: this.kafka, log });
    this.#reader = new RecordConsumer({
      kafka: this.kafka,
      groupId: `${this.prefix}reader`,
      topics: [this.topics.deliveries, this.topics.ingestRejected, this.topics.identities],
      onRecord: (record) => {
        this.#see(record);
      },
      log,
    });
  }

  async open(): Promise<void> {
    const wanted = Object.values(this.topics);
    const specs = topicSpecs({ prefix: this.prefix, partitions: PARTITIONS, replicationFactor: 1 });
    await ensureTopics(
      this.kafka,
      specs.filter(({ topic }) => wanted.includes(topic)),
      log,
    );
    await this.#reader.start();
  }

  async close(): Promise<void> {
    await Promise.all([...this.#running].map((fanOut) => this.stop(fanOut)));
    await Promise.all([this.#reader.stop({ drainMs: 0 }), this.#producer.close()]);
    await withAdmin(this.kafka, async (admin) => {
      const topics = (await admin.listTopics()).filter((topic) => topic.startsWith(this.prefix));
      await admin.deleteTopics({ topics });
    });
  }

  /** A fan-out as its process would have it. Not started. */
  fanOut(kafka: KafkaClients = this.kafka): Running {
    const health = new Health();
    const metrics = new Registry();
    const settings = {
      KAFKA_BROKERS: this.#brokers,
      KAFKA_TOPIC_PREFIX: this.prefix,
      KAFKA_PARTITIONS: PARTITIONS,
      KAFKA_REPLICATION_FACTOR: 1,
      HOST: '127.0.0.1',
      PORT: 0,
      LOG_LEVEL: 'info',
    } as const;
    const fanOut = new FanOut({ settings, log, metrics, health, onStop: () => undefined }, kafka);
    this.#running.add(fanOut);
    return { fanOut, health, metrics };
  }

  async started(kafka?: KafkaClients): Promise<Running> {
    const running = this.fanOut(kafka);
    await running.fanOut.start();
    return running;
  }

  async stop(fanOut: FanOut): Promise<void> {
    this.#running.delete(fanOut);
    await fanOut.stop();
  }

  /** Clients that write and never learn that it was written, and whose consumers can be killed: they are gone without a commit. */
  doomed(): { readonly kafka: KafkaClients; readonly kill: () => Promise<void> } {
    const born: { disconnect(): Promise<void> }[] = [];
    const consumer: KafkaClients['consumer'] = (config, onSign) => {
      const made = this.kafka.consumer(config, onSign);
      born.push(made);
      return made;
    };
    const producer: KafkaClients['producer'] = (config) => {
      const made = this.kafka.producer(config);
      const sendBatch: typeof made.sendBatch = async (batch) => {
        await made.sendBatch(batch);
        return new Promise(() => undefined);
      };
      return { ...made, sendBatch };
    };
    const kill = async (): Promise<void> => {
      for (const one of born) await one.disconnect();
    };
    return { kafka: { ...this.kafka, consumer, producer }, kill };
  }

  async webhooks(...given: Partial<WebhookSnapshot>[]): Promise<void> {
    const snapshots = given.map((one) => aWebhook(one));
    await Promise.all(
      snapshots.map((snapshot) =>
        this.#producer.send({
          topic: this.topics.config,
          key: configKey('webhook', snapshot.id),
          value: JSON.stringify(snapshot),
        }),
      ),
    );
  }

  async deleteWebhook(id: string): Promise<void> {
    await this.#producer.send({ topic: this.topics.config, key: configKey('webhook', id), value: null });
  }

  /** Events of one partition, in order. */
  async events(...values: (Record<string, unknown> | string)[]): Promise<void> {
    await Promise.all(
      values.map((value) =>
        this.#producer.send({
          topic: this.topics.events,
          partition: 0,
          key: '1234/x',
          value: typeof value === 'string' ? value : JSON.stringify(value),
          headers: { 'accepted-at': String(Date.now()) },
        }),
      ),
    );
  }

  /** Events and webhooks of the deliveries, as `event>webhook`. */
  pairs(): string[] {
    return this.deliveries.map(({ event, webhook }) => `${event}>${webhook}`);
  }

  async seen(pair: string): Promise<void> {
    await until(() => this.pairs().includes(pair), `the delivery ${pair} comes`);
  }

  async committed(): Promise<number> {
    return withAdmin(this.kafka, async (admin) => {
      const [found] = await admin.fetchOffsets({ groupId: `${this.prefix}fan-out`, topics: [this.topics.events] });
      return Number(found?.partitions.find(({ partition }) => partition === 0)?.offset ?? -1);
    });
  }

  #see(record: ConsumedRecord): void {
    if (record.topic === this.topics.ingestRejected) this.rejected.push(record);
    else if (record.topic === this.topics.identities) {
      this.rememberedTo = decodeIdentities(record.value ?? Buffer.alloc(0))?.to ?? NaN;
    } else {
      const headers = decodeDeliveryHeaders(record.headers);
      if (headers === undefined) throw new Error('a delivery without the headers of one');
      if (record.key?.toString() !== headers.webhook) throw new Error('a delivery that is not keyed by its webhook');
      this.deliveries.push({ ...headers, body: String(record.value) });
    }
    record.done();
  }
}
