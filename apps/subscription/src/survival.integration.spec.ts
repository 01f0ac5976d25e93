import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { parseConfigRecord, topicNames } from '@postduif/contracts';
import { CompactedTopicReader, createKafka, withAdmin } from '@postduif/kafka';
import { RunningService } from './testing/running-service.js';
import { silent, TestDatabase } from './testing/test-database.js';
import { until } from './testing/until.js';

jest.setTimeout(90_000);

const brokers = process.env.KAFKA_BROKERS ?? '';
const kafka = createKafka({ clientId: 'survival-test', brokers: brokers.split(','), log: silent });
const WEBHOOK = JSON.stringify({ handler: 'https://hooks.example.org/hook', trigger: 'click' });

describe('the service without one of its stores', () => {
  const started: RunningService[] = [];
  const encryptionKey = randomBytes(32).toString('base64');
  let test: TestDatabase;
  let prefix = '';

  beforeEach(async () => {
    test = await TestDatabase.create();
    prefix = `survival-test-${randomBytes(6).toString('hex')}.`;
  });
  afterEach(async () => {
    for (const service of started.splice(0)) service.kill();
    await test.drop();
    await withAdmin(kafka, async (admin) => {
      const topics = (await admin.listTopics()).filter((topic) => topic.startsWith(prefix));
      if (topics.length > 0) await admin.deleteTopics({ topics });
    });
  });

  const start = async (servers: string): Promise<RunningService> => {
    const service = new RunningService({
      DATABASE_URL: test.url,
      KAFKA_BROKERS: servers,
      KAFKA_TOPIC_PREFIX: prefix,
      ENCRYPTION_KEY: encryptionKey,
    });
    started.push(service);
    await service.listens();
    return service;
  };
  const answers = (service: RunningService, status: number) =>
    until(async () => ((await service.call('GET', '/v4/webhooks')).status === status ? true : undefined), `${status}`);

  it('given no Kafka, takes changes and stops cleanly; the next that finds Kafka publishes them', async () => {
    const first = await start('127.0.0.1:1');
    await answers(first, 200);
    const created = await first.call('POST', '/v4/webhooks', WEBHOOK);
    expect([created.status, created.headers.get('x-created')]).toEqual([201, '1']);
    expect((await first.call('GET', '/live')).status).toBe(200);
    expect((await first.call('GET', '/ready')).status).toBe(503);
    expect(await first.stop()).toBe(0);

    const second = await start(brokers);
    const published = new Map<string, unknown>();
    const reader = new CompactedTopicReader({
      kafka,
      topic: topicNames(prefix).config,
      onEntry: (key, value) => {
        published.set(key, parseConfigRecord(key, value).snapshot);
      },
      log: silent,
    });
    void reader.start();
    await until(() => published.get('webhook/1'), 'the webhook on the topic');
    await until(async () => ((await second.call('GET', '/ready')).ok ? true : undefined), 'readiness');
    expect(await second.stop()).toBe(0);
    await reader.stop();
  });

  it('given no PostgreSQL, answers 503 and when to come back, and works when it is there', async () => {
    await test.takeAway();
    const service = await start(brokers);
    const v4 = await service.call('GET', '/v4/webhooks');
    expect([v4.status, v4.headers.get('retry-after'), v4.headers.get('content-type')]).toEqual([
      ...[503, '5', 'application/json'],
    ]);
    expect(await v4.json()).toHaveProperty('error.message');
    const v1 = await service.call('GET', '/v1/signing-keys');
    expect([v1.status, v1.headers.get('retry-after'), await v1.json()]).toEqual([
      ...[503, '5', expect.objectContaining({ code: 'store_unavailable' })],
    ]);
    expect((await service.call('GET', '/live')).status).toBe(200);
    // Events pass by: they need no PostgreSQL.
    expect(await (await service.call('POST', '/v1/events', '{}')).json()).toMatchObject({
      code: 'upstream_unavailable',
    });
    await test.giveBack();
    await answers(service, 200);
    expect((await service.call('POST', '/v4/webhooks', WEBHOOK)).status).toBe(201);
    await test.takeAway();
    await answers(service, 503);
    await test.giveBack();
    await answers(service, 200);
    expect(await service.stop()).toBe(0);
  });

  it('answers a change when it is on the topic, so that an event that follows is not faster', async () => {
    const service = await start(brokers);
    await until(async () => ((await service.call('GET', '/ready')).ok ? true : undefined), 'readiness');
    const waiting = async () => (await test.query('SELECT FROM config.outbox')).length;
    const calls = [
      ['POST', '/v4/webhooks', WEBHOOK],
      ['PUT', '/v4/webhook/1', '{"state":"disabled"}'],
      ['DELETE', '/v4/webhook/1', ''],
    ] as const;
    for (const [method, path, body] of calls) {
      expect((await service.call(method, path, body)).ok).toBe(true);
      expect(await waiting()).toBe(0);
    }
    expect(await service.stop()).toBe(0);
  });

  it('keeps tokens, bodies and secrets out of its log', async () => {
    const service = await start(brokers);
    await answers(service, 200);
    const json = JSON.stringify({ handler: 'https://user-name.example.org/a?key=hunter2', trigger: 'a.b' });
    const id = (await service.call('POST', '/v4/webhooks', json)).headers.get('x-created') ?? '';
    const { secret } = (await (await service.call('GET', `/v1/webhooks/${id}/secret`)).json()) as { secret: string };
    await service.call('PUT', `/v4/webhook/${id}`, '{"handler":"hunter2"');
    await service.call('GET', '/v4/webhooks?access_token=pd_hunter2');
    await until(async () => ((await service.call('GET', '/ready')).ok ? true : undefined), 'readiness');
    expect(await service.stop()).toBe(0);
    expect(service.output).toContain('"msg":"webhook created"');
    for (const hidden of [service.token, secret, 'hunter2']) expect(service.output).not.toContain(hidden);
    for (const line of service.output.trim().split('\n')) expect(JSON.parse(line)).toHaveProperty('level');
  });
});
