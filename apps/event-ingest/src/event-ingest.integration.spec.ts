import 'reflect-metadata';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { Agent, request as httpRequest } from 'node:http';
import type { ClientRequest, IncomingMessage } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { json } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createToken } from '@postduif/access';
import { topicNames, topicSpecs } from '@postduif/contracts';
import { createKafka, ensureTopics, FlushingProducer, RecordConsumer, withAdmin } from '@postduif/kafka';
import type { ConsumedRecord } from '@postduif/kafka';
import { Health, httpAdapter, parseSettings, ProblemFilter } from '@postduif/service';
import kafkajs from 'kafkajs';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { EventIngest } from './event-ingest.js';
import { ingestSettings } from './settings.js';
import { accountEntry } from './testing/account-entry.js';

const ACCOUNT = '1234';
const TRACE = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
const EVENT = { type: 'invoice.paid', data: { amount: 12 } };
const PATIENCE_MS = 20_000;
const WARN = pino.levels.values.warn;
const log = pino({ level: 'silent' });

interface Body {
  readonly id: string;
  readonly ids: (string | null)[];
  readonly code: string;
  readonly detail: string;
  readonly errors: { readonly index: number; readonly code: string }[];
}

jest.setTimeout(60_000);

describe('event-ingest', () => {
  const prefix = `ingest-test-${randomBytes(6).toString('hex')}.`;
  const names = topicNames(prefix);
  const environment = {
    KAFKA_BROKERS: process.env.KAFKA_BROKERS,
    KAFKA_TOPIC_PREFIX: prefix,
    KAFKA_PARTITIONS: '2',
    MAX_BATCH_BYTES: '100000',
    MAX_WAITING_BYTES: '100000',
    MAX_BATCH_EVENTS: '10',
  };
  const settings = parseSettings(ingestSettings, environment);
  const kafka = createKafka({ clientId: 'ingest-test', brokers: settings.KAFKA_BROKERS, log });
  const producer = new FlushingProducer({ kafka, log });
  const token = createToken();
  const reading = createToken();
  const other = createToken();
  const records: ConsumedRecord[] = [];
  const consumer = new RecordConsumer({
    kafka,
    groupId: `${prefix}test`,
    topics: [names.events, names.ingestRejected],
    onRecord: (record) => {
      records.push(record);
      record.done();
    },
    log,
  });
  const health = new Health();
  const lines: Record<string, unknown>[] = [];
  const ingest = new EventIngest({
    settings,
    log: pino({ base: null }, { write: (line) => lines.push(JSON.parse(line) as Record<string, unknown>) }),
    metrics: new Registry(),
    health,
    onStop: () => undefined,
  });
  let app: NestFastifyApplication;

  async function serve(service: EventIngest): Promise<NestFastifyApplication> {
    const created = await NestFactory.create<NestFastifyApplication>(service.module, httpAdapter(), {
      logger: false,
      bodyParser: false,
    });
    created.useGlobalFilters(new ProblemFilter(log));
    service.configure(created);
    await created.init();
    await created.getHttpAdapter().getInstance().ready();
    return created;
  }

  beforeAll(async () => {
    app = await serve(ingest);
  });

  afterAll(async () => {
    await app.close();
    await ingest.stop();
    await consumer.stop();
    await producer.close();
    await withAdmin(kafka, (admin) => admin.deleteTopics({ topics: specs().map(({ topic }) => topic) }));
  });

  const specs = () => topicSpecs({ prefix, partitions: 2, replicationFactor: 1 });

  async function post(body: string | Buffer, headers: Record<string, string> = {}, bearer = token, to = app) {
    const answer = await to.inject({
      method: 'POST',
      url: '/v1/events',
      payload: body,
      headers: { authorization: `Bearer ${bearer}`, ...headers },
    });
    const type = String(answer.headers['content-type']).replace(/;.*/, '');
    return { status: answer.statusCode, type, headers: answer.headers, body: answer.json<Body>() };
  }

  const postJson = (value: unknown, type = 'application/json') => post(JSON.stringify(value), { 'content-type': type });

  async function recordWhere(topic: string, matches: (record: ConsumedRecord) => boolean): Promise<ConsumedRecord> {
    const until = Date.now() + PATIENCE_MS;
    for (;;) {
      const found = records.find((record) => record.topic === topic && matches(record));
      if (found !== undefined) return found;
      if (Date.now() > until) throw new Error(`waited in vain for a record on ${topic}`);
      await pause(10);
    }
  }

  const eventOf = (id: string) => recordWhere(names.events, ({ value }) => jsonOf(value).id === id);
  const jsonOf = (value: Buffer | null) => JSON.parse(String(value)) as Record<string, unknown>;

  it('given accounts that are not loaded yet, answers 503 and is not ready; then it starts', async () => {
    const answer = await postJson(EVENT);
    expect(answer).toMatchObject({ status: 503, type: 'application/problem+json', body: { code: 'not_ready' } });
    expect(answer.headers['retry-after']).toBe('1');
    expect(health.ready().ok).toBe(false);
    await ensureTopics(kafka, specs(), log);
    for (const [id, secret, scope] of [
      [ACCOUNT, token, 'events:write'],
      ['9', reading, 'events:read'],
      ['8', other, 'events:write'],
    ] as const) {
      const [key, value] = accountEntry(id, secret, [scope]);
      await producer.send({ topic: names.config, key, value });
    }
    await Promise.all([ingest.start(), consumer.start()]);
    expect(health.ready().ok).toBe(true);
    expect(health.live().ok).toBe(true);
  });

  it('given one event, answers 202 with its id, and the event is on the topic', async () => {
    const json = JSON.stringify({ ...EVENT, profile: 7 });
    const { status, body } = await post(json, { 'content-type': 'application/json', traceparent: TRACE });
    expect(status).toBe(202);
    const { key, value, headers } = await eventOf(body.id);
    expect(String(key)).toBe(`${ACCOUNT}/profile/7`);
    expect(jsonOf(value)).toMatchObject({ ...EVENT, id: body.id, account: ACCOUNT, profile: 7 });
    expect(headers).toEqual({ 'accepted-at': expect.stringMatching(/^\d{13}$/), traceparent: TRACE });
  });

  it.each([
    ['application/json', JSON.stringify([{ ...EVENT, id: 'array' }, { type: 'wrong' }]), 'array'],
    ['application/x-ndjson', `${JSON.stringify({ ...EVENT, id: 'lines' })}\n{`, 'lines'],
    ['application/cloudevents-batch+json', JSON.stringify([{ ...EVENT, id: 'batch' }, 7]), 'batch'],
  ])('given a batch as %s, answers by item', async (type, json, id) => {
    const { status, body } = await post(json, { 'content-type': type });
    expect(status).toBe(202);
    expect(body.ids).toEqual([id, null]);
    expect(body.errors).toMatchObject([{ index: 1 }]);
    await eventOf(id);
  });

  it('given structured and binary mode, takes the events', async () => {
    const structured = await postJson(
      { specversion: '1.0', source: '/s', id: 's', ...EVENT },
      'application/cloudevents+json',
    );
    expect(structured).toMatchObject({ status: 202, body: { id: 's' } });
    const attributes = { 'ce-specversion': '1.0', 'ce-type': 'a.b', 'ce-source': '/s', 'ce-id': 'b' };
    const binary = await post('{"n":1}', { ...attributes, 'content-type': 'application/json', 'ce-subject': '%C3%A9' });
    expect(binary).toMatchObject({ status: 202, body: { id: 'b' } });
    expect(await post('{"n":2}', { ...attributes, 'ce-id': 'untyped' })).toMatchObject({ status: 202 });
    expect(jsonOf((await eventOf('b')).value)).toMatchObject({ subject: 'é', data: { n: 1 } });
    await eventOf('s');
  });

  it('given what is not right, answers problem details with a stable code', async () => {
    const json = { 'content-type': 'application/json' };
    const body = JSON.stringify(EVENT);
    const answers = [
      [await post('{', json), 400, 'invalid_json'],
      [await postJson({ type: 'wrong', data: {} }), 400, 'invalid_event'],
      [await postJson([{ type: 'wrong', data: {} }]), 400, 'invalid_event'],
      [await postJson({ ...EVENT, account: '9' }), 400, 'account_mismatch'],
      [await postJson([]), 400, 'empty_batch'],
      [await post(body, json, 'pd_wrong'), 401, 'unauthenticated'],
      [await post(body, json, reading), 403, 'forbidden'],
      [await post('x'.repeat(100_001), json), 413, 'payload_too_large'],
      [await postJson(Array(11).fill(EVENT)), 413, 'payload_too_large'],
      [await post(body, { 'content-type': 'text/plain' }), 415, 'unsupported_media_type'],
      [await post(body, { ...json, 'content-encoding': 'gzip' }), 415, 'unsupported_media_type'],
    ] as const;
    for (const [answer, status, code] of answers)
      expect(answer).toMatchObject({ status, type: 'application/problem+json', body: { status, code } });
    const [untyped, coded] = answers.slice(-2).map(([answer]) => answer);
    expect(untyped).toMatchObject({ body: { detail: expect.stringContaining('application/x-ndjson') } });
    expect(coded).toMatchObject({
      body: { detail: expect.stringContaining('Content-Encoding') },
      headers: { 'accept-encoding': 'identity' },
    });
  });

  it('given a request, leaves one line with every fact of it, and neither token nor body', async () => {
    const secret = { type: 'invoice.paid', data: { password: 'hunter2' } };
    const body = JSON.stringify([{ ...secret, id: 'line-1' }, { ...secret, id: 'line-2' }, { type: 'wrong' }]);
    lines.length = 0;
    await post(body, { 'content-type': 'application/json' });
    await post(body, { 'content-type': 'application/json' }, 'pd_wrong');
    expect(lines).toMatchObject([
      {
        ...{ msg: 'request', method: 'POST', route: '/v1/events', status: 202, bytes: body.length, account: ACCOUNT },
        ...{ token: `token-of-${ACCOUNT}`, accepted: 2, refused: 1, refusals: { invalid_event: 1 } },
        ...{ events: ['line-1', 'line-2'], types: ['invoice.paid'], ms: expect.any(Number) },
      },
      { msg: 'request', status: 401, code: 'unauthenticated' },
    ]);
    for (const hidden of ['hunter2', token, 'pd_wrong']) expect(JSON.stringify(lines)).not.toContain(hidden);
  });

  /** Another instance of the service, with limits. */
  async function withLimits(limits: Record<string, string>, use: (narrow: NestFastifyApplication) => Promise<void>) {
    const context = { log, metrics: new Registry(), health: new Health(), onStop: () => undefined };
    const service = new EventIngest({
      settings: parseSettings(ingestSettings, { ...environment, ...limits }),
      ...context,
    });
    const narrow = await serve(service);
    try {
      await service.start();
      await use(narrow);
    } finally {
      await narrow.close();
      await service.stop();
    }
  }

  it('given an account that sends more than it may, answers 429 with the time to wait, and others go on', async () => {
    await withLimits({ MAX_EVENTS_PER_SECOND: '1' }, async (narrow) => {
      const json = { 'content-type': 'application/json' };
      expect((await post(JSON.stringify(Array(10).fill(EVENT)), json, token, narrow)).status).toBe(202);
      const refused = await post(JSON.stringify(EVENT), json, token, narrow);
      expect(refused).toMatchObject({ status: 429, type: 'application/problem+json', body: { code: 'rate_limited' } });
      expect(Number(refused.headers['retry-after'])).toBeGreaterThan(5);
      expect((await post(JSON.stringify(EVENT), json, other, narrow)).status).toBe(202);
    });
  });

  it('given a token that asks more often than it may, answers 429; others go on, and so do good tokens beside bad ones', async () => {
    await withLimits({ EVENTS_RATE_LIMIT: '1', EVENTS_RATE_BURST: '1' }, async (narrow) => {
      const send = (bearer: string) =>
        post(JSON.stringify(EVENT), { 'content-type': 'application/json' }, bearer, narrow);
      const refused = async (bearer: string) => {
        const answers = [await send(bearer)];
        while (answers.at(-1)!.status !== 429) answers.push(await send(bearer));
        return answers;
      };
      const [first, ...rest] = await refused('pd_wrong');
      expect(first).toMatchObject({ status: 401, body: { code: 'unauthenticated' } });
      expect(rest.at(-1)).toMatchObject({ body: { code: 'rate_limited' }, headers: { 'retry-after': '1' } });
      const last = (await refused(token)).at(-1)!;
      expect(last).toMatchObject({
        type: 'application/problem+json',
        body: { code: 'rate_limited' },
        headers: { 'retry-after': '1', 'ratelimit-policy': '"second";q=1;w=1, "burst";q=1;w=60' },
      });
      const { status, headers } = await send(other);
      expect([status, headers.ratelimit]).toEqual([202, expect.stringMatching(/^"second";r=0;t=1, "burst";r=[01];/)]);
    });
  });

  describe('on a connection that is kept', () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const body = JSON.stringify({ ...EVENT, data: { text: 'x'.repeat(60_000) } });

    beforeAll(() => app.listen(0, '127.0.0.1'));
    afterAll(() => {
      agent.destroy();
    });

    /** A request whose head is on its way, and whose body is not. */
    function begin(bearer: string, bytes = body.length, through?: Agent): ClientRequest {
      const { port } = app.getHttpServer().address() as AddressInfo;
      const headers = {
        authorization: `Bearer ${bearer}`,
        'content-type': 'application/json',
        'content-length': bytes,
      };
      const path = '/v1/events';
      const begun = httpRequest({ host: '127.0.0.1', port, method: 'POST', path, headers, agent: through });
      begun.flushHeaders();
      return begun;
    }

    async function answerTo(begun: ClientRequest) {
      const [answer] = (await once(begun, 'response')) as [IncomingMessage];
      return { status: answer.statusCode, headers: answer.headers, body: (await json(answer)) as Body };
    }

    it.each([
      ['without a token', () => '', body.length, 'unauthenticated'],
      ['with a token that may not send', () => reading, body.length, 'forbidden'],
      ['that is too large', () => token, 100_001, 'payload_too_large'],
    ])(
      'given a request %s, refuses it before its body comes, and takes the next',
      async (_case, bearer, bytes, code) => {
        const refused = begin(bearer(), bytes, agent);
        expect(await answerTo(refused)).toMatchObject({ body: { code } });
        refused.end(Buffer.alloc(bytes));
        await once(refused, 'close');
        const next = begin(token, body.length, agent);
        next.end(body);
        expect(await answerTo(next)).toMatchObject({ status: 202 });
        expect(next.reusedSocket).toBe(true);
      },
    );

    it('given bodies that take all the room together, answers 503 until there is room again', async () => {
      const connected = once(app.getHttpServer(), 'connection');
      const slow = begin(token);
      slow.write(body.slice(0, -1));
      const [connection] = (await connected) as [Socket];
      while (connection.bytesRead < body.length) await pause(10);
      const json = { 'content-type': 'application/json' };
      expect(await post(body, json)).toMatchObject({
        status: 503,
        body: { code: 'overloaded' },
        headers: { 'retry-after': '1' },
      });
      slow.end(body.slice(-1));
      expect(await answerTo(slow)).toMatchObject({ status: 202 });
      expect(await post(body, json)).toMatchObject({ status: 202 });
      expect(lines).toContainEqual(expect.objectContaining({ level: WARN, code: 'overloaded', requests: 1 }));
    });
  });

  it('given another method, answers 405 and names the right one', async () => {
    const { statusCode, headers } = await app.inject({ method: 'GET', url: '/v1/events' });
    expect(statusCode).toBe(405);
    expect(headers.allow).toBe('POST');
  });

  it('given binary, structured and plain records, makes events of them', async () => {
    const topic = names.ingest;
    const attributes = { ce_specversion: '1.0', ce_type: 'a.b', ce_id: 'k-binary', ce_account: ACCOUNT };
    const event = { ...EVENT, account: ACCOUNT };
    const structured = { 'content-type': 'application/cloudevents+json' };
    await Promise.all([
      producer.send({ topic, value: '{"n":1}', headers: { ...attributes, traceparent: TRACE } }),
      producer.send({ topic, value: JSON.stringify({ ...event, id: 'k-structured' }), headers: structured }),
      producer.send({ topic, value: JSON.stringify({ ...event, id: 'k-plain' }) }),
    ]);
    expect((await eventOf('k-binary')).headers.traceparent).toBe(TRACE);
    await eventOf('k-structured');
    await eventOf('k-plain');
  });

  it('given a broken record and one of an unknown account, rejects them as they came and goes on', async () => {
    const topic = names.ingest;
    const bytes = Buffer.from([0x7b, 0xff, 0x00]);
    const exact = { raw: [bytes], twice: ['one', 'two'].map((text) => Buffer.from(text)) };
    const unknown = JSON.stringify({ ...EVENT, id: 'u', account: 'nobody' });
    await producer.send({ topic, partition: 0, key: 'k', value: bytes, headers: { mine: 'yes', ...exact } });
    await producer.send({ topic, partition: 0, value: unknown });
    await producer.send({ topic, partition: 0, value: JSON.stringify({ ...EVENT, id: 'after', account: ACCOUNT }) });
    await eventOf('after');
    const broken = await recordWhere(names.ingestRejected, ({ headers }) => headers.mine === 'yes');
    expect(String(broken.key)).toBe('k');
    expect(broken.value).toEqual(bytes);
    expect(broken.exactHeaders).toMatchObject(exact);
    expect(broken.headers).toMatchObject({ 'rejected-code': 'invalid_json' });
    expect(broken.headers['rejected-origin']).toMatch(new RegExp(`^${topic}/0/\\d+$`));
    const stranger = await recordWhere(names.ingestRejected, ({ value }) => String(value) === unknown);
    expect(stranger.headers['rejected-code']).toBe('account_unknown');
  });

  it('given a schema for a type, refuses data that does not fit, over HTTP and from the topic, until it is taken back', async () => {
    const key = `event-type/${ACCOUNT}/order.shipped`;
    const schema = { required: ['number'], properties: { number: { type: 'integer' } } };
    const snapshot = { kind: 'event-type', version: 1, account: ACCOUNT, name: 'order.shipped', schema };
    const fitting = { type: 'order.shipped', data: { number: 1 } };
    const wrong = { type: 'order.shipped', data: { number: 'hunter2' } };
    await producer.send({ topic: names.config, key, value: JSON.stringify(snapshot) });
    while ((await postJson(wrong)).status === 202) await pause(10);

    expect(await postJson(wrong)).toMatchObject({
      status: 400,
      body: { code: 'schema_mismatch', errors: [{ path: 'data.number', message: 'must be integer' }] },
    });
    expect((await postJson(fitting)).status).toBe(202);
    expect(await postJson([fitting, wrong])).toMatchObject({ status: 202, body: { errors: [{ index: 1 }] } });
    const value = JSON.stringify({ ...wrong, id: 'misfit', account: ACCOUNT });
    await producer.send({ topic: names.ingest, value });
    const rejected = await recordWhere(names.ingestRejected, (record) => String(record.value) === value);
    expect(rejected.headers['rejected-code']).toBe('schema_mismatch');
    expect(rejected.headers['rejected-detail']).toContain('data.number');
    expect((await post(JSON.stringify(wrong), { 'content-type': 'application/json' }, other)).status).toBe(202);

    await producer.send({ topic: names.config, key, value: null });
    while ((await postJson(wrong)).status !== 202) await pause(10);
  });

  it('given an account that comes right after its first event, takes the event', async () => {
    await producer.send({ topic: names.ingest, value: JSON.stringify({ ...EVENT, id: 'early', account: 'new' }) });
    const [key, value] = accountEntry('new');
    await producer.send({ topic: names.config, key, value });
    await eventOf('early');
  });

  it.each(['GZIP', 'Snappy', 'LZ4', 'ZSTD'] as const)('given records compressed with %s, reads them', async (name) => {
    const client = kafka.producer();
    await client.connect();
    const value = JSON.stringify({ ...EVENT, id: `z-${name}`, account: ACCOUNT });
    const compression = kafkajs.CompressionTypes[name];
    await client.send({ topic: names.ingest, compression, messages: [{ value }] });
    await client.disconnect();
    await eventOf(`z-${name}`);
  });
});
