import { setTimeout as pause } from 'node:timers/promises';
import { topicNames, topicSpecs } from '@postduif/contracts';
import { createKafka, ensureTopics, FlushingProducer } from '@postduif/kafka';
import type { KafkaClients, Log } from '@postduif/kafka';
import type { CommonSettings, ServiceContext } from '@postduif/service';
import { WebhookReader } from './configuration/webhook-reader.js';
import { DurableWriter } from './dispatching/durable-writer.js';
import { EventDispatcher } from './dispatching/event-dispatcher.js';
import { EventReader } from './dispatching/event-reader.js';
import { Rejections } from './dispatching/rejections.js';
import { FanOutMetrics } from './fan-out-metrics.js';
import { RepeatWindows } from './repeats/repeat-windows.js';
import { SegmentReader } from './repeats/segment-reader.js';
import { SegmentWriter } from './repeats/segment-writer.js';

/** What waits to be durable. One body to many webhooks counts many times, but is in memory once. */
const ROOM = { maxRecords: 50_000, maxBytes: 64 * 1024 * 1024, retryMs: 1_000 };
/** Without them events are read again, so they wait for nothing and nothing waits for them. */
const SEGMENTS = { deliveryTimeoutMs: 30_000, maxBufferedRecords: 100, maxBufferedBytes: 16 * 1024 * 1024 };
const TOPICS_RETRY_MS = 1_000;
/** Of the ten seconds that a service has to stop. Leaving Kafka takes up to three, disconnecting up to two. */
const DRAIN_MS = 3_000;
const CLOSE_MS = 500;

/** The service, put together. */
export class FanOut {
  readonly #kafka: KafkaClients;
  readonly #webhooks: WebhookReader;
  readonly #producer: FlushingProducer;
  readonly #events: EventReader;
  readonly #segments: SegmentReader;
  readonly #segmentProducer: FlushingProducer;
  readonly #segmentWriter: SegmentWriter;
  #stopping = false;

  constructor(
    private readonly context: ServiceContext<CommonSettings>,
    kafka: KafkaClients = createKafka({
      clientId: 'fan-out',
      instance: context.settings.INSTANCE_ID,
      brokers: context.settings.KAFKA_BROKERS,
      log: context.log,
    }),
  ) {
    const { settings, log, metrics } = context;
    const topics = topicNames(settings.KAFKA_TOPIC_PREFIX);
    const producer = new FlushingProducer({
      kafka,
      log,
      deliveryTimeoutMs: Infinity,
      maxBufferedBytes: Infinity,
      maxBufferedRecords: Infinity,
    });
    const webhooks = new WebhookReader(kafka, topics.config, log);
    const windows = new RepeatWindows();
    const segments = new SegmentReader(kafka, topics.identities, log);
    const segmentProducer = new FlushingProducer({ kafka, log: detailOf(log), ...SEGMENTS });
    const writer = new DurableWriter({ producer, log, ...ROOM });
    const dispatcher: EventDispatcher = new EventDispatcher({
      index: webhooks.index,
      windows,
      writer,
      rejections: new Rejections(topics.ingestRejected, writer),
      topics,
      observer: new FanOutMetrics(metrics, log, () => ({
        webhooks: webhooks.index.size,
        waiting: dispatcher.waiting,
        lag: events.lag(),
        identities: windows.size,
        identityBytes: windows.bytes,
        segmentBytes: segments.bytes,
      })),
      now: () => performance.timeOrigin + performance.now(),
    });
    const events: EventReader = new EventReader({
      kafka,
      groupId: `${settings.KAFKA_TOPIC_PREFIX}fan-out`,
      topic: topics.events,
      dispatcher,
      begin: (partition, first, live) => windows.begin(partition, segments.of(partition), first, live),
      log,
    });
    this.#segments = segments;
    this.#segmentWriter = new SegmentWriter({
      windows,
      partitions: () => events.partitions(),
      producer: segmentProducer,
      topic: topics.identities,
      log,
    });
    this.#segmentProducer = segmentProducer;
    this.#kafka = kafka;
    this.#webhooks = webhooks;
    this.#producer = producer;
    this.#events = events;
    this.#reportHealth();
    context.onStop('fan-out', () => this.stop());
  }

  /** Waits for Kafka. Reads no event before all webhooks are known, so that none is missed. */
  async start(): Promise<void> {
    if (!(await this.#haveTopics())) return;
    await Promise.all([this.#webhooks.start(), this.#segments.start()]);
    if (this.#stopping) return;
    this.#segmentWriter.start();
    await this.#events.start();
  }

  /** Finishes what was read and leaves, within nine seconds. What was not finished comes again. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#segmentWriter.stop();
    await Promise.all([this.#events.stop(DRAIN_MS), this.#webhooks.stop(), this.#segments.stop()]);
    await Promise.all([this.#producer.close(CLOSE_MS), this.#segmentProducer.close(CLOSE_MS)]);
  }

  #reportHealth(): void {
    const { health } = this.context;
    health.add({
      name: 'webhooks',
      live: () => this.#webhooks.isAlive(),
      ready: () => this.#webhooks.loaded() || 'webhooks are still being read',
    });
    health.add({
      name: 'events',
      live: () => this.#events.isAlive(),
      ready: () => this.#events.ready(),
    });
  }

  /** False when the service was stopped meanwhile. */
  async #haveTopics(): Promise<boolean> {
    const { settings, log } = this.context;
    const { events, identities, config, deliveries, ingestRejected } = topicNames(settings.KAFKA_TOPIC_PREFIX);
    const specs = topicSpecs({
      prefix: settings.KAFKA_TOPIC_PREFIX,
      partitions: settings.KAFKA_PARTITIONS,
      replicationFactor: settings.KAFKA_REPLICATION_FACTOR,
    }).filter(({ topic }) => [events, identities, config, deliveries, ingestRejected].includes(topic));
    while (!this.#stopping) {
      try {
        await ensureTopics(this.#kafka, specs, log);
        return !this.#stopping;
      } catch (error) {
        log.warn({ err: error }, 'could not make sure that the topics are there; trying again');
        await pause(TOPICS_RETRY_MS);
      }
    }
    return false;
  }
}

/** A log in which everything is a detail, for what is said again by whoever asked for it. */
function detailOf(log: Log): Log {
  const debug = log.debug.bind(log);
  return { debug, info: debug, warn: debug, error: debug };
}
