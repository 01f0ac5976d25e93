import { randomBytes, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import {
  attemptSchema,
  configKey,
  deliveryId,
  deliveryKey,
  encodeDeliveryHeaders,
  topicNames,
  topicSpecs,
} from '@postduif/contracts';
import type { Attempt, ConfigSnapshot, DeliveryHeaders, TopicNames, WebhookSnapshot } from '@postduif/contracts';
import { createKafka, ensureTopics, FlushingProducer, RecordConsumer, withAdmin } from '@postduif/kafka';
import type { ConsumedRecord, KafkaClients, OutgoingHeaders } from '@postduif/kafka';
import { Health } from '@postduif/service';
import { generateSigningKey, generateWebhookSecret, parseEncryptionKeys, seal } from '@postduif/signing';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { DeliveryService } from '../delivery-service.js';
import { webhook } from './world.js';

const PATIENCE_MS = 60_000;
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

/** A request as the receiver got it. */
export interface Received {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  readonly at: number;
}

export interface Running {
  readonly health: Health;
  readonly metrics: Registry;
  /** Resolves when it takes deliveries; rejects when it cannot start. */
  readonly started: Promise<void>;
  stop(): Promise<void>;
}

/** Topics of one test on a real broker, a receiver on loopback, and the other services played by hand. */
export class DeliveryStage {
  readonly prefix = `delivery-test.${randomUUID()}.`;
  readonly topics: TopicNames = topicNames(this.prefix);
  readonly kafka: KafkaClients;
  readonly received: Received[] = [];
  readonly attempts: Attempt[] = [];
  readonly dead: ConsumedRecord[] = [];
  answer: (received: Received, response: ServerResponse) => void = (_received, response) => response.end();
  readonly secret = generateWebhookSecret();
  readonly #brokers: string[];
  readonly #encryptionKey = randomBytes(32).toString('base64');
  readonly #producer: FlushingProducer;
  readonly #reader: RecordConsumer;
  readonly #server: Server;
  readonly #running = new Set<Running>();
  #heartbeat: NodeJS.Timeout | undefined;

  constructor() {
    const brokers = process.env.KAFKA_BROKERS?.split(',');
    if (brokers === undefined) throw new Error('KAFKA_BROKERS is not set');
    this.#brokers = brokers;
    this.kafka = createKafka({ clientId: 'delivery-test', brokers, log });
    this.#producer = new FlushingProducer({ kafka: this.kafka, log });
    this.#reader = new RecordConsumer({
      kafka: this.kafka,
      groupId: `${this.prefix}reader`,
      topics: [this.topics.attempts, this.topics.dead],
      onRecord: (record) => {
        if (record.topic === this.topics.dead) this.dead.push(record);
        else this.attempts.push(attemptSchema.parse(JSON.parse(String(record.value))));
        record.done();
      },
      log,
    });
    this.#server = createServer((request, response) => {
      this.#receive(request, response);
    });
  }

  /** @param others configuration of topics that are not as they should be */
  async open(others: Readonly<Record<string, Readonly<Record<string, string>>>> = {}): Promise<void> {
    const specs = topicSpecs({ prefix: this.prefix, partitions: PARTITIONS, replicationFactor: 1 });
    const made = specs.map((spec) => ({ ...spec, config: { ...spec.config, ...others[spec.topic] } }));
    await ensureTopics(this.kafka, made, log);
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    await this.#reader.start();
    await this.config({ kind: 'account', version: 1, id: '1', name: 'test', tokens: [], copernicaId: 'account_1' });
    this.#heartbeat = setInterval(() => {
      const value = JSON.stringify({ kind: 'heartbeat', version: 1, at: new Date().toISOString() });
      void this.#producer.send({ topic: this.topics.config, key: 'heartbeat', value });
    }, 200);
  }

  async close(): Promise<void> {
    for (const running of this.#running) await running.stop();
    clearInterval(this.#heartbeat);
    await this.#reader.stop({ drainMs: 0 });
    await this.#producer.close();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    await withAdmin(this.kafka, async (admin) => {
      const topics = (await admin.listTopics()).filter((topic) => topic.startsWith(this.prefix));
      await admin.deleteTopics({ topics });
    });
  }

  async signingKey(): Promise<void> {
    const { privateKey, publicKey } = await generateSigningKey();
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' });
    await this.config({
      ...({ kind: 'signing-key', version: 1, id: '1', state: 'active' } as const),
      keyId: 'key._domainkey.example.com',
      publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
      privateKey: seal(this.#keys(), pem, configKey('signing-key', '1')),
    });
  }

  /** A webhook on the receiver of this stage. */
  async webhook(id: string, more: Partial<WebhookSnapshot> = {}): Promise<WebhookSnapshot> {
    const { port } = this.#server.address() as AddressInfo;
    const handler = `http://127.0.0.1:${port}/${id}`;
    const secrets = [this.sealFor(id, this.secret)];
    const snapshot = webhook(id, { handler, format: 'json', secrets, ...more });
    await this.config(snapshot);
    return snapshot;
  }

  /** A secret as it stands in the snapshot of a webhook. */
  sealFor(id: string, secret: string): string {
    return seal(this.#keys(), secret, configKey('webhook', id));
  }

  async config(snapshot: Exclude<ConfigSnapshot, { kind: 'heartbeat' | 'event-type' }>): Promise<void> {
    const { kind, id } = snapshot;
    await this.#producer.send({ topic: this.topics.config, key: configKey(kind, id), value: JSON.stringify(snapshot) });
  }

  /** What fan-out would write. */
  async deliver(target: Pick<WebhookSnapshot, 'id' | 'concurrency'>, event: string, body = event): Promise<void> {
    const delivery = deliveryId({ account: '1', id: event }, target.id);
    const headers: DeliveryHeaders = {
      ...{ delivery, account: '1', webhook: target.id, event, trigger: 'invoice.paid' },
      ...{ contentType: 'application/json', attempt: 1, acceptedAt: Date.now() },
    };
    await this.#producer.send({
      topic: this.topics.deliveries,
      key: deliveryKey(target, delivery),
      value: body,
      headers: encodeDeliveryHeaders(headers),
    });
  }

  async raw(record: { topic: string; value: string; headers?: OutgoingHeaders }): Promise<void> {
    await this.#producer.send(record);
  }

  /** A delivery service as its process would have it. */
  run(): Running {
    const health = new Health();
    const metrics = new Registry();
    const stops: (() => Promise<void> | void)[] = [];
    const settings = {
      ...{ KAFKA_BROKERS: this.#brokers, KAFKA_TOPIC_PREFIX: this.prefix, KAFKA_PARTITIONS: PARTITIONS },
      ...{ KAFKA_REPLICATION_FACTOR: 1, HOST: '127.0.0.1', PORT: 0, LOG_LEVEL: 'info' as const },
      ...{ ENCRYPTION_KEY: this.#encryptionKey, OUTBOUND_ALLOW: '127.0.0.0/8' },
      ...{ CONNECT_TIMEOUT_MS: 10_000, REQUEST_TIMEOUT_MS: 30_000, MAX_IN_FLIGHT: 5_000 },
    };
    const onStop = (_name: string, stop: () => Promise<void> | void) => stops.push(stop);
    const service = new DeliveryService({ settings, log, metrics, health, onStop });
    const running: Running = {
      health,
      metrics,
      started: service.start(),
      stop: async () => {
        this.#running.delete(running);
        for (const stop of stops.toReversed()) await stop();
      },
    };
    this.#running.add(running);
    return running;
  }

  /** Events that the receiver got, as often as it got them. */
  events(): string[] {
    return this.received.map(({ headers }) => String(headers['x-webhook-event-id']));
  }

  #keys(): ReturnType<typeof parseEncryptionKeys> {
    return parseEncryptionKeys(this.#encryptionKey);
  }

  #receive(request: IncomingMessage, response: ServerResponse): void {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const received = {
        path: request.url ?? '',
        headers: request.headers,
        body: Buffer.concat(chunks).toString(),
        at: Date.now(),
      };
      this.received.push(received);
      this.answer(received, response);
    });
  }
}
