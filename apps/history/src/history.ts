import type { DynamicModule } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { topicNames, topicSpecs } from '@postduif/contracts';
import { createKafka, ensureTopics } from '@postduif/kafka';
import type { KafkaClients } from '@postduif/kafka';
import { RequestLimits } from '@postduif/service';
import type { CommonSettings, ServiceContext } from '@postduif/service';
import type { z } from 'zod';
import { attemptRows } from './attempts/attempt-rows.js';
import { Database } from './database/database.js';
import { describeError } from './database/store-error.js';
import { eventRows } from './events/event-rows.js';
import { HistoryModule } from './history.module.js';
import { BatchStore } from './ingestion/batch-store.js';
import { BatchWriter } from './ingestion/batch-writer.js';
import { HistoryMetrics } from './ingestion/history-metrics.js';
import { OffsetStore } from './ingestion/offset-store.js';
import { ReadingStart } from './ingestion/reading-start.js';
import { logEndsOf, RecordReader } from './ingestion/record-reader.js';
import { AccountReader } from './listing/account-reader.js';
import { ReadAccess } from './listing/read-access.js';
import { DailyPartitions } from './partitions/daily-partitions.js';
import { PartitionRotation } from './partitions/partition-rotation.js';
import { RetentionWindow } from './partitions/retention-window.js';
import type { historySettings } from './settings.js';

export type HistoryContext = ServiceContext<CommonSettings & z.output<z.ZodObject<typeof historySettings>>>;

const TOPICS_RETRY_MS = 1_000;
/** Of the ten seconds that a service has to stop; leaving Kafka takes up to four. */
const FLUSH_MS = 4_000;

/** The service, put together. */
export class History {
  readonly module: DynamicModule;
  readonly #kafka: KafkaClients;
  readonly #database: Database;
  readonly #accounts: AccountReader;
  readonly #rotation: PartitionRotation;
  readonly #writer: BatchWriter;
  readonly #reader: RecordReader;
  readonly #limits: RequestLimits;

  constructor(private readonly context: HistoryContext) {
    const { settings, log, metrics } = context;
    const topics = topicNames(settings.KAFKA_TOPIC_PREFIX);
    const kafka = createKafka({
      clientId: 'history',
      instance: settings.INSTANCE_ID,
      brokers: settings.KAFKA_BROKERS,
      log,
    });
    const database = new Database(settings.DATABASE_URL, log);
    const offsets = new OffsetStore(database.writes);
    const partitions = new DailyPartitions(database.writes);
    const window = new RetentionWindow(settings.HISTORY_RETENTION_DAYS);
    const formats = new Map([
      [topics.events, eventRows],
      [topics.attempts, attemptRows],
    ]);
    const writer: BatchWriter = new BatchWriter({
      offsets,
      store: new BatchStore(database.writes, offsets, partitions, window, formats),
      observer: new HistoryMetrics(metrics, log, () => ({ queued: writer.queued, lag: reader.lag() })),
      rewound: () => {
        log.warn('the database has lost what was stored; reading it again from Kafka');
        reader.restart();
      },
    });
    const reader: RecordReader = new RecordReader({
      kafka,
      groupId: `${settings.KAFKA_TOPIC_PREFIX}history`,
      topics: [topics.events, topics.attempts],
      writer,
      start: new ReadingStart(writer, offsets, logEndsOf(kafka), log),
      log,
    });
    this.#kafka = kafka;
    this.#database = database;
    this.#accounts = new AccountReader(kafka, topics.config, log);
    this.#rotation = new PartitionRotation(database.writes, partitions, window, log);
    this.#writer = writer;
    this.#reader = reader;
    this.#limits = new RequestLimits({ perSecond: settings.API_RATE_LIMIT, burst: settings.API_RATE_BURST });
    this.module = HistoryModule.of(
      database,
      new ReadAccess(this.#accounts.directory, this.#limits, () => this.#accounts.loaded()),
      settings.HISTORY_RETENTION_DAYS,
    );
    this.#reportHealth();
    context.onStop('history', () => this.stop());
  }

  configure(app: NestFastifyApplication): void {
    this.#limits.announce(app.getHttpAdapter().getInstance());
  }

  /** Waits for Kafka and for PostgreSQL, in any order; then reads. */
  async start(): Promise<void> {
    await Promise.all([this.#startAccounts(), this.#database.open()]);
    if (this.#database.isClosing()) return;
    await this.#rotation.start();
    this.#reader.start();
  }

  /** Stores what is in memory and leaves, within eight seconds. */
  async stop(): Promise<void> {
    this.#rotation.stop();
    await this.#writer.stop(FLUSH_MS);
    await Promise.all([this.#reader.stop(), this.#accounts.stop()]);
    await this.#database.close();
  }

  async #startAccounts(): Promise<void> {
    await this.#haveTopics();
    if (!this.#database.isClosing()) this.#accounts.start();
  }

  #reportHealth(): void {
    const { health } = this.context;
    health.add({ name: 'database', ready: () => this.#database.ready() });
    health.add({
      name: 'accounts',
      live: () => this.#accounts.isAlive(),
      ready: () => this.#accounts.loaded() || 'accounts and tokens are still being read',
    });
    health.add({ name: 'records', live: () => this.#reader.isAlive() });
  }

  async #haveTopics(): Promise<void> {
    const { settings, log } = this.context;
    const { events, attempts, config } = topicNames(settings.KAFKA_TOPIC_PREFIX);
    const specs = topicSpecs({
      prefix: settings.KAFKA_TOPIC_PREFIX,
      partitions: settings.KAFKA_PARTITIONS,
      replicationFactor: settings.KAFKA_REPLICATION_FACTOR,
    }).filter(({ topic }) => [events, attempts, config].includes(topic));
    while (!this.#database.isClosing()) {
      try {
        await ensureTopics(this.#kafka, specs, log);
        return;
      } catch (error) {
        log.warn({ error: describeError(error) }, 'could not make sure that the topics are there; trying again');
        await this.#database.pause(TOPICS_RETRY_MS);
      }
    }
  }
}
