import { topicNames, topicSpecs } from '@postduif/contracts';
import type { TopicNames } from '@postduif/contracts';
import { createKafka, ensureTopics, FlushingProducer, RecordConsumer } from '@postduif/kafka';
import type { KafkaClients, Log } from '@postduif/kafka';
import { AddressGuard, OutboundSender, parseAllowList } from '@postduif/outbound';
import type { CommonSettings, ServiceContext } from '@postduif/service';
import { parseEncryptionKeys } from '@postduif/signing';
import type { z } from 'zod';
import { Configuration } from './configuration/configuration.js';
import { WebhookDirectory } from './configuration/webhook-directory.js';
import { deliveriesReader } from './deliveries-reader.js';
import { deliveryGauges } from './delivery-gauges.js';
import { DeliveryMetrics, registerGauges } from './delivery-metrics.js';
import { DEFAULT_ROOM, DeliveryEngine } from './engine/delivery-engine.js';
import { DEFAULT_BOUNDS } from './engine/lane.js';
import { OwnDelay } from './engine/own-delay.js';
import { systemClock } from './engine/ports.js';
import { costOf } from './engine/room.js';
import type { RoomBounds } from './engine/room.js';
import { KafkaExits } from './exits/kafka-exits.js';
import { PersistentProducer } from './exits/persistent-producer.js';
import { SignedSender } from './sending/signed-sender.js';
import type { deliverySettings } from './settings.js';
import { isBehind } from './wheel/back-pressure.js';
import { WheelDepth } from './wheel/wheel-depth.js';
import { WheelReader } from './wheel/wheel-reader.js';
import { checkWheelRetention, withoutSizeLimit } from './wheel/wheel-retention.js';

export type DeliverySettings = CommonSettings & z.output<z.ZodObject<typeof deliverySettings>>;

const MIB = 1024 * 1024;
/** What a record takes beside its body, as it is counted by its reader, at most about. */
const OVERHEAD_BYTES = 1_024;
/** What is diverted, buried or written down, or was read before reading stopped, beside what may be stuck: a part of that. */
const PASSING = 1 / 8;
/** Ten bodies of 100 KB: with fewer at once they are read more slowly than they may come; more would take memory. */
const FETCH_BYTES = MIB;
/** Larger than the records of other services by what the headers grow. */
const MAX_RECORD_BYTES = 8 * MIB - 32 * 1024;
/** Sockets to one origin; webhooks have limits of their own, and many may share an origin. */
const CONNECTIONS_PER_ORIGIN = 1_000;
/** What waits longer for one of them is diverted, as what would wait so long for its webhook is: others may need its slot. */
const CONNECTION_WAIT_MS = DEFAULT_BOUNDS.maxWaitMs;
const SILENCE_MS = 60_000;
/** What a stop waits for receivers, as a rebalance does: everybody else's deliveries wait with it. */
const DRAIN_MS = 1_000;

/** Puts the parts of the service together and starts them in the order in which they need each other. */
export class DeliveryService {
  readonly #kafka: KafkaClients;
  readonly #log: Log;
  readonly #topics: TopicNames;
  readonly #directory: WebhookDirectory;
  readonly #outbound: OutboundSender;
  readonly #producer: FlushingProducer;
  readonly #configuration: Configuration;
  readonly #metrics: DeliveryMetrics;
  readonly #engine: DeliveryEngine;
  readonly #wheel: WheelReader;
  readonly #depth: WheelDepth;
  readonly #deliveries: RecordConsumer;
  #consuming = false;
  #closing = false;
  /** Records that a stop left unfinished. */
  #leftOver = 0;

  constructor(private readonly context: ServiceContext<DeliverySettings>) {
    const { settings, log } = context;
    const prefix = settings.KAFKA_TOPIC_PREFIX;
    const topics = topicNames(prefix);
    const kafka = createKafka({
      clientId: 'delivery',
      instance: settings.INSTANCE_ID,
      brokers: settings.KAFKA_BROKERS,
      log,
    });
    this.#kafka = kafka;
    this.#log = log;
    this.#topics = topics;
    this.#directory = new WebhookDirectory(parseEncryptionKeys(settings.ENCRYPTION_KEY), (key, error) => {
      log.error(
        { err: error, key },
        'a secret could not be opened; is ENCRYPTION_KEY the one of the subscription service?',
      );
    });
    this.#configuration = new Configuration(kafka, topics.config, this.#directory, log, () => {
      this.#engine.reconfigured();
    });
    this.#outbound = newOutbound(settings);
    // What is read bounds what is written.
    const unbounded = { maxBufferedRecords: Infinity, maxBufferedBytes: Infinity, deliveryTimeoutMs: Infinity };
    this.#producer = new FlushingProducer({ kafka, log, ...unbounded, maxRecordBytes: MAX_RECORD_BYTES });
    const producer = new PersistentProducer(this.#producer, log);
    const exits = new KafkaExits(producer, topics, systemClock);
    const failed = this.#unfinished.bind(this);
    const room = { ...DEFAULT_ROOM, slots: settings.MAX_IN_FLIGHT };
    const delay = new OwnDelay();
    this.#metrics = new DeliveryMetrics(context.metrics, log);
    this.#engine = new DeliveryEngine({
      webhooks: this.#configuration,
      sender: this.#newSender(),
      exits,
      clock: systemClock,
      random: Math.random,
      room,
      ownDelayMs: () => delay.ms,
      mayBegin: () => this.#deliveries.mayBegin(),
      observe: this.#metrics,
      failed,
    });
    const groupId = `${prefix}delivery`;
    this.#wheel = new WheelReader({
      ...{ kafka, topics, producer, exits, clock: systemClock, log, failed },
      isBehind: () => isBehind(this.#deliveries.lag(), this.#engine.pending),
      groupId: `${groupId}.wheel`,
    });
    this.#deliveries = new RecordConsumer({
      ...{ kafka, log, groupId, topics: [topics.deliveries] },
      ...inMemory(room),
      maxBytesPerPartition: FETCH_BYTES,
      maxBytesPerFetch: FETCH_BYTES,
      isWanted: ({ topic, partition }) =>
        this.#engine.mayTake(() => {
          this.#deliveries.resume({ topic, partition });
        }),
      onRecord: deliveriesReader(this.#engine, exits, failed),
      onConfirmed: () => {
        this.#engine.resume();
      },
      settled: () => this.#engine.settled(),
    });
    const wheel = this.#wheel;
    this.#depth = new WheelDepth({
      kafka,
      topics: Object.values(topics.retry),
      partitions: () => wheel.partitions(),
      log,
    });
    this.#watch();
    this.#stopInOrder();
  }

  /** Resolves when the service takes deliveries: topics exist and the configuration is loaded. */
  async start(): Promise<void> {
    await this.#prepareTopics();
    await this.#configuration.reader.start();
    await Promise.all([this.#deliveries.start(), this.#wheel.start()]);
    this.#depth.start();
    this.#consuming = true;
  }

  async #prepareTopics(): Promise<void> {
    const { settings } = this.context;
    const specs = topicSpecs({
      prefix: settings.KAFKA_TOPIC_PREFIX,
      partitions: settings.KAFKA_PARTITIONS,
      replicationFactor: settings.KAFKA_REPLICATION_FACTOR,
    });
    const differences = await ensureTopics(this.#kafka, withoutSizeLimit(specs, this.#topics), this.#log);
    checkWheelRetention(differences, this.#topics);
  }

  #newSender(): SignedSender {
    return new SignedSender(this.#directory, this.#outbound, systemClock, (error, { delivery }) => {
      const { delivery: id, webhook } = delivery;
      this.#log.error({ err: error, delivery: id, webhook }, 'a request could not be made');
    });
  }

  #watch(): void {
    const { health, metrics } = this.context;
    const parts = {
      ...{ engine: this.#engine, deliveries: this.#deliveries, wheel: this.#wheel, depth: this.#depth },
      ...{ producer: this.#producer, outbound: this.#outbound, topics: this.#topics },
    };
    registerGauges(metrics, deliveryGauges(parts));
    health.add({
      name: 'configuration',
      live: () => this.#configuration.reader.isAlive(SILENCE_MS),
      ready: () => this.#configuration.reader.ready() || 'is still being read from Kafka',
    });
    // Subscription makes the first one before it does anything else. Until it is active, what needs it waits on the wheel.
    health.add({
      name: 'signing key',
      ready: () => this.#directory.signingKeys.size > 0 || 'subscription has not made one yet',
    });
    health.add({
      name: 'deliveries',
      live: () => !this.#consuming || (this.#deliveries.isAlive(SILENCE_MS) && this.#wheel.isAlive(SILENCE_MS)),
      ready: () => (!this.#consuming ? 'are not read yet' : this.#deliveries.isConfirmed() || 'Kafka does not answer'),
    });
  }

  /** Requests under way end and are recorded; none begins. What does not end in time is sent again by whoever takes the partition. */
  #stopInOrder(): void {
    const { context } = this;
    context.onStop('configuration', () => this.#configuration.reader.stop());
    context.onStop('connections', () => this.#outbound.destroy());
    context.onStop('producer', async () => {
      this.#closing = true;
      await this.#producer.close(500);
      if (this.#leftOver > 0) this.#log.warn({ records: this.#leftOver }, 'not finished; read again after a restart');
    });
    context.onStop('consumers', async () => {
      this.#depth.stop();
      await Promise.all([this.#stopDelivering(), this.#wheel.stop()]);
      this.#metrics.stop();
    });
  }

  async #stopDelivering(): Promise<void> {
    await this.#deliveries.stop({ drainMs: DRAIN_MS });
    const { queued } = this.#engine.state;
    if (queued > 0) this.#log.info({ deliveries: queued }, 'queued and not sent; read again after a restart');
  }

  #unfinished(error: unknown): void {
    if (this.#closing) this.#leftOver += 1;
    else this.#log.error({ err: error }, 'a record could not be finished; it is read again after a restart');
  }
}

/**
 * What may be read and not done, over all partitions: more than what may be queued or in flight, and read on as soon as there is no more
 * than that, so that nothing that is stuck keeps others from being read.
 */
function inMemory({ slots, records, bytes, briefBytes }: RoomBounds) {
  const slow = slots + records;
  const low = { records: slow + briefBytes / costOf(0), bytes: bytes + briefBytes + slow * OVERHEAD_BYTES };
  const high = { records: low.records * (1 + PASSING), bytes: low.bytes * (1 + PASSING) };
  return { highWater: high, lowWater: low, totalHighWater: high, totalLowWater: low };
}

function newOutbound(settings: DeliverySettings): OutboundSender {
  return new OutboundSender({
    guard: new AddressGuard({ allow: parseAllowList(settings.OUTBOUND_ALLOW) }),
    connectTimeoutMs: settings.CONNECT_TIMEOUT_MS,
    headersTimeoutMs: settings.REQUEST_TIMEOUT_MS,
    totalTimeoutMs: settings.REQUEST_TIMEOUT_MS,
    connectionsPerOrigin: CONNECTIONS_PER_ORIGIN,
    connectionWaitMs: CONNECTION_WAIT_MS,
  });
}
