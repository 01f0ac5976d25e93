import { topicNames, topicSpecs } from '@postduif/contracts';
import { createKafka, ensureTopics, FlushingProducer, RecordConsumer } from '@postduif/kafka';
import type { KafkaClients, Log } from '@postduif/kafka';
import { AddressGuard, OutboundSender, parseAllowList } from '@postduif/outbound';
import type { CommonSettings, ServiceContext } from '@postduif/service';
import { parseEncryptionKeys } from '@postduif/signing';
import type { z } from 'zod';
import { Configuration } from './configuration/configuration.js';
import { WebhookDirectory } from './configuration/webhook-directory.js';
import { deliveriesReader } from './deliveries-reader.js';
import { DeliveryMetrics } from './delivery-metrics.js';
import { DeliveryEngine } from './engine/delivery-engine.js';
import { systemClock } from './engine/ports.js';
import { KafkaExits } from './exits/kafka-exits.js';
import { SignedSender } from './sending/signed-sender.js';
import type { deliverySettings } from './settings.js';
import { WheelReader } from './wheel/wheel-reader.js';

export type DeliverySettings = CommonSettings & z.output<z.ZodObject<typeof deliverySettings>>;

const MIB = 1024 * 1024;
/** What one partition may keep in memory. */
const DELIVERIES_IN_MEMORY = { records: 5_000, bytes: 16 * MIB };
const WAITING_IN_MEMORY = { records: 200, bytes: MIB / 2 };
const WAITING_FETCH_BYTES = MIB / 4;
/** Sockets to one origin; webhooks have limits of their own, and many may share an origin. */
const CONNECTIONS_PER_ORIGIN = 1_000;
const SILENCE_MS = 60_000;
const DRAIN_MS = 5_000;

/** Puts the parts of the service together and starts them in the order in which they need each other. */
export class DeliveryService {
  readonly #kafka: KafkaClients;
  readonly #log: Log;
  readonly #directory: WebhookDirectory;
  readonly #outbound: OutboundSender;
  readonly #producer: FlushingProducer;
  readonly #configuration: Configuration;
  readonly #engine: DeliveryEngine;
  readonly #wheel: WheelReader;
  readonly #deliveries: RecordConsumer;
  readonly #waiting: RecordConsumer;
  #consuming = false;

  constructor(private readonly context: ServiceContext<DeliverySettings>) {
    const { settings, log } = context;
    const topics = topicNames(settings.KAFKA_TOPIC_PREFIX);
    const kafka = createKafka({ clientId: 'delivery', brokers: settings.KAFKA_BROKERS, log });
    this.#kafka = kafka;
    this.#log = log;
    this.#directory = new WebhookDirectory(parseEncryptionKeys(settings.ENCRYPTION_KEY), (key, error) => {
      log.error(
        { err: error, key },
        'a secret could not be opened; is ENCRYPTION_KEY the one of the subscription service?',
      );
    });
    this.#configuration = new Configuration(kafka, topics.config, this.#directory, log);
    this.#outbound = new OutboundSender({
      guard: new AddressGuard({ allow: parseAllowList(settings.OUTBOUND_ALLOW) }),
      connectTimeoutMs: settings.CONNECT_TIMEOUT_MS,
      headersTimeoutMs: settings.REQUEST_TIMEOUT_MS,
      totalTimeoutMs: settings.REQUEST_TIMEOUT_MS,
      connectionsPerOrigin: CONNECTIONS_PER_ORIGIN,
    });
    this.#producer = new FlushingProducer({ kafka, log, deliveryTimeoutMs: Infinity });
    const exits = new KafkaExits(this.#producer, topics, systemClock);
    this.#engine = new DeliveryEngine({
      webhooks: this.#configuration,
      sender: new SignedSender(this.#directory, this.#outbound, systemClock, (error, { delivery }) => {
        log.error(
          { err: error, delivery: delivery.delivery, webhook: delivery.webhook },
          'a request could not be made',
        );
      }),
      exits,
      clock: systemClock,
      random: Math.random,
      maxInFlight: settings.MAX_IN_FLIGHT,
      observe: new DeliveryMetrics(context.metrics, log, () => ({
        ...this.#engine.state,
        waiting: this.#wheel.waiting,
      })),
      failed: (error) => {
        this.#unfinished(error);
      },
    });
    const unfinished = this.#unfinished.bind(this);
    this.#wheel = new WheelReader(this.#producer, exits, topics, systemClock, unfinished);
    const prefix = settings.KAFKA_TOPIC_PREFIX;
    this.#deliveries = new RecordConsumer({
      kafka,
      log,
      groupId: `${prefix}delivery`,
      topics: [topics.deliveries],
      highWater: DELIVERIES_IN_MEMORY,
      onRecord: deliveriesReader(this.#engine, exits, unfinished),
    });
    this.#waiting = new RecordConsumer({
      kafka,
      log,
      groupId: `${prefix}delivery.wheel`,
      topics: Object.values(topics.retry),
      highWater: WAITING_IN_MEMORY,
      maxBytesPerPartition: WAITING_FETCH_BYTES,
      onRecord: (record) => {
        this.#wheel.read(record);
      },
      onRevoked: (partitions) => {
        this.#wheel.revoked(partitions);
      },
    });
    this.#watchHealth();
    this.#stopInOrder();
  }

  /** Resolves when the service takes deliveries: topics exist, the configuration is loaded, a signing key is known. */
  async start(): Promise<void> {
    const { settings } = this.context;
    await ensureTopics(
      this.#kafka,
      topicSpecs({
        prefix: settings.KAFKA_TOPIC_PREFIX,
        partitions: settings.KAFKA_PARTITIONS,
        replicationFactor: settings.KAFKA_REPLICATION_FACTOR,
      }),
      this.#log,
    );
    await this.#configuration.reader.start();
    await this.#directory.signingKeyKnown;
    await Promise.all([this.#deliveries.start(), this.#waiting.start()]);
    this.#consuming = true;
  }

  #watchHealth(): void {
    const { health } = this.context;
    health.add({
      name: 'configuration',
      live: () => this.#configuration.reader.isAlive(SILENCE_MS),
      ready: () => this.#configuration.reader.ready() || 'is still being read from Kafka',
    });
    health.add({
      name: 'signing key',
      ready: () => this.#directory.signingKey() !== undefined || 'none is known; the subscription service makes it',
    });
    health.add({
      name: 'deliveries',
      live: () => !this.#consuming || (this.#deliveries.isAlive(SILENCE_MS) && this.#waiting.isAlive(SILENCE_MS)),
      ready: () => this.#consuming || 'are not read yet',
    });
  }

  /** Requests under way end and are recorded; what does not end in time is sent again by whoever takes the partition. */
  #stopInOrder(): void {
    const { context } = this;
    context.onStop('configuration', () => this.#configuration.reader.stop());
    context.onStop('connections', () => this.#outbound.destroy());
    context.onStop('producer', () => this.#producer.close(1_000));
    context.onStop('consumers', async () => {
      await Promise.all([this.#deliveries.stop({ drainMs: DRAIN_MS }), this.#waiting.stop({ drainMs: 0 })]);
    });
  }

  #unfinished(error: unknown): void {
    this.#log.error({ err: error }, 'a record could not be finished; it is read again after a restart');
  }
}
