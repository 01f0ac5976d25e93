import { setTimeout as pause } from 'node:timers/promises';
import type { DynamicModule } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { topicNames, topicSpecs } from '@postduif/contracts';
import { CompactedTopicReader, createKafka, ensureTopics, FlushingProducer } from '@postduif/kafka';
import type { KafkaClients } from '@postduif/kafka';
import { ConfigurationError, RequestLimits } from '@postduif/service';
import type { CommonSettings, ServiceContext } from '@postduif/service';
import type { z } from 'zod';
import { KnownAccounts } from './accounts/known-accounts.js';
import { EventIngestModule } from './event-ingest.module.js';
import { EventSink } from './http/event-sink.js';
import { configureHttp } from './http/http-server.js';
import { RateLimit } from './http/rate-limit.js';
import { RequestBodies } from './http/request-bodies.js';
import { WriteAccess } from './http/write-access.js';
import { IngestMetrics } from './ingest-metrics.js';
import type { ingestSettings } from './settings.js';
import { IngestReader } from './topic/ingest-reader.js';
import { EventTypes } from './types/event-types.js';

export type EventIngestContext = ServiceContext<CommonSettings & z.output<z.ZodObject<typeof ingestSettings>>>;

/** What a caller over HTTP waits at most for Kafka. */
const HTTP_DELIVERY_MS = 3_000;
const MOST_SILENCE_MS = 60_000;
const TOPICS_RETRY_MS = 1_000;
/** Of the ten seconds that a service has to stop. Leaving Kafka takes up to three, disconnecting up to two. */
const DRAIN_MS = 2_500;
const CLOSE_MS = 500;

/** The service, put together. */
export class EventIngest {
  readonly module: DynamicModule;
  readonly #kafka: KafkaClients;
  readonly #accounts = new KnownAccounts();
  readonly #types = new EventTypes();
  readonly #config: CompactedTopicReader;
  readonly #producers: readonly FlushingProducer[];
  readonly #reader: IngestReader;
  readonly #metrics: IngestMetrics;
  readonly #limits: RequestLimits;
  #configStarted = false;
  #stopping = false;

  constructor(private readonly context: EventIngestContext) {
    const { settings, log, metrics: registry } = context;
    requireRoomForABody(settings);
    const topics = topicNames(settings.KAFKA_TOPIC_PREFIX);
    const kafka = createKafka({
      clientId: 'event-ingest',
      instance: settings.INSTANCE_ID,
      brokers: settings.KAFKA_BROKERS,
      log,
    });
    const accounts = this.#accounts;
    const metrics = new IngestMetrics(registry);
    const config = new CompactedTopicReader({
      kafka,
      topic: topics.config,
      onEntry: (key, value) => {
        this.#applyConfig(key, value);
      },
      log,
    });
    const forHttp = new FlushingProducer({ kafka, log, deliveryTimeoutMs: HTTP_DELIVERY_MS });
    // What it holds is bounded by what the consumer reads ahead.
    const forTopic = new FlushingProducer({
      kafka,
      log,
      deliveryTimeoutMs: Infinity,
      maxBufferedBytes: Infinity,
      maxBufferedRecords: Infinity,
    });
    this.#reader = new IngestReader({
      kafka,
      groupId: `${settings.KAFKA_TOPIC_PREFIX}event-ingest`,
      topics,
      accounts,
      types: this.#types,
      producer: forTopic,
      metrics,
      log,
    });
    this.#kafka = kafka;
    this.#config = config;
    this.#producers = [forHttp, forTopic];
    this.#metrics = metrics;
    this.#limits = new RequestLimits({ perSecond: settings.EVENTS_RATE_LIMIT, burst: settings.EVENTS_RATE_BURST });
    this.module = EventIngestModule.of({
      access: new WriteAccess(accounts.directory, this.#limits, () => this.#loaded()),
      limit: new RateLimit(settings.MAX_EVENTS_PER_SECOND),
      bodies: new RequestBodies({
        maxBytes: settings.MAX_BATCH_BYTES,
        maxBytesTogether: settings.MAX_WAITING_BYTES,
      }),
      types: this.#types,
      sink: new EventSink(forHttp, topics.events),
      metrics,
      maxEvents: settings.MAX_BATCH_EVENTS,
    });
    this.#reportHealth();
    context.onStop('event-ingest', () => this.stop());
  }

  configure(app: NestFastifyApplication): void {
    configureHttp(app, { metrics: this.#metrics, log: this.context.log });
    this.#limits.announce(app.getHttpAdapter().getInstance());
  }

  /** Waits for Kafka; reads accounts first and then the topic `ingest`. */
  async start(): Promise<void> {
    await this.#haveTopics();
    if (this.#isStopping()) return;
    this.#configStarted = true;
    await this.#config.start();
    if (!this.#isStopping()) await this.#reader.start();
  }

  /** Finishes what is under way and leaves, within nine seconds. What was not finished of the topic comes again. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#reader.stop(DRAIN_MS);
    await Promise.all([
      ...this.#producers.map((producer) => producer.close(CLOSE_MS)),
      this.#configStarted ? this.#config.stop() : undefined,
    ]);
  }

  #loaded(): boolean {
    return this.#config.ready() && !this.#accounts.directory.isEmpty;
  }

  /** May change while something is awaited. */
  #isStopping(): boolean {
    return this.#stopping;
  }

  #applyConfig(key: string, value: Buffer | null): void {
    try {
      if (this.#types.concerns(key)) this.#types.apply(key, value);
      else this.#accounts.apply(key, value);
    } catch {
      // What is wrong may repeat the record; its key is enough to find it.
      this.context.log.error(
        { key },
        'an account or event type on the topic `config` cannot be read; what is known of it stays as it is',
      );
    }
  }

  #reportHealth(): void {
    const { health } = this.context;
    health.add({
      name: 'accounts',
      live: () => !this.#configStarted || this.#config.isAlive(MOST_SILENCE_MS),
      ready: () => this.#loaded() || 'accounts and tokens are still being read',
    });
    health.add({
      name: 'ingest',
      live: () => this.#reader.isAlive(),
      ready: () => this.#reader.ready() || 'has not joined the readers of the topic `ingest` yet',
    });
    health.add({
      name: 'kafka',
      ready: () => this.#producers.every((producer) => producer.available()) || 'does not take records',
    });
  }

  async #haveTopics(): Promise<void> {
    const { settings, log } = this.context;
    const specs = topicSpecs({
      prefix: settings.KAFKA_TOPIC_PREFIX,
      partitions: settings.KAFKA_PARTITIONS,
      replicationFactor: settings.KAFKA_REPLICATION_FACTOR,
    });
    while (!this.#isStopping()) {
      try {
        await ensureTopics(this.#kafka, specs, log);
        return;
      } catch (error) {
        log.warn({ err: error }, 'could not make sure that the topics are there; trying again');
        await pause(TOPICS_RETRY_MS);
      }
    }
  }
}

function requireRoomForABody({ MAX_BATCH_BYTES, MAX_WAITING_BYTES }: EventIngestContext['settings']): void {
  if (MAX_WAITING_BYTES < MAX_BATCH_BYTES)
    throw new ConfigurationError(['MAX_WAITING_BYTES: must be at least MAX_BATCH_BYTES']);
}
