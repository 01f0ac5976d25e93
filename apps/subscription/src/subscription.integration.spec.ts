import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { attemptSchema, parseConfigRecord, topicNames } from '@postduif/contracts';
import type { ConfigSnapshot } from '@postduif/contracts';
import { CompactedTopicReader, createKafka, FlushingProducer, withAdmin } from '@postduif/kafka';
import { Client } from 'pg';
import { pino } from 'pino';

jest.setTimeout(60_000);

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const TOKEN = `pd_${randomBytes(16).toString('hex')}`;
const server = process.env.DATABASE_URL ?? '';
const brokers = (process.env.KAFKA_BROKERS ?? '').split(',');
const unique = randomBytes(6).toString('hex');
const database = `subscription_test_${unique}`;
const topics = topicNames(`subscription-test-${unique}.`);
const log = pino({ level: 'silent' });
const kafka = createKafka({ clientId: 'subscription-test', brokers, log });

async function sql(text: string): Promise<void> {
  const client = new Client({ connectionString: server });
  await client.connect();
  try {
    await client.query(text);
  } finally {
    await client.end();
  }
}

async function until<T>(look: () => Promise<T | undefined> | T | undefined, what: string): Promise<T> {
  const end = Date.now() + 30_000;
  while (Date.now() < end) {
    const found = await look();
    if (found !== undefined) return found;
    await pause(20);
  }
  throw new Error(`waited in vain for ${what}`);
}

/** Needs the compiled service: it runs as it does in production. */
describe('the service', () => {
  const config = new Map<string, ConfigSnapshot | null>();
  const files = new Map<string, string>();
  const receiver = createServer((request, response) => {
    const file = request.headers.signature === undefined ? undefined : files.get(request.url ?? '');
    response.writeHead(file === undefined ? 404 : 200).end(file);
  });
  const reader = new CompactedTopicReader({
    kafka,
    topic: topics.config,
    onEntry: (key, value) => {
      config.set(key, parseConfigRecord(key, value).snapshot);
    },
    log,
  });
  let service: ChildProcess;
  let base = '';
  let handler = '';

  const call = (method: string, path: string, body?: string, headers: Record<string, string> = {}) =>
    fetch(base + path, {
      method,
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body }),
    });
  const json = async (response: Response) => (await response.json()) as Record<string, unknown>;
  const create = async (given: object) => {
    const response = await call('POST', '/v4/webhooks', JSON.stringify(given));
    return response.headers.get('x-created') ?? '';
  };
  const published = (id: string, as: object) =>
    until(() => {
      const snapshot = config.get(`webhook/${id}`);
      return snapshot && Object.entries(as).every(([name, value]) => Reflect.get(snapshot, name) === value)
        ? snapshot
        : undefined;
    }, `webhook/${id}`);

  beforeAll(async () => {
    await sql(`CREATE DATABASE ${database}`);
    receiver.listen(0, '127.0.0.1');
    await once(receiver, 'listening');
    handler = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/dir/hook`;
    const url = new URL(server);
    url.pathname = `/${database}`;
    service = spawn(process.execPath, [MAIN], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        PATH: process.env.PATH,
        DATABASE_URL: url.href,
        KAFKA_BROKERS: brokers.join(','),
        KAFKA_TOPIC_PREFIX: `subscription-test-${unique}.`,
        HOST: '127.0.0.1',
        PORT: '0',
        ENCRYPTION_KEY: randomBytes(32).toString('base64'),
        SIGNING_DOMAIN: 'example.org',
        SIGNING_DNS_CHECK: 'off',
        INGEST_URL: 'http://127.0.0.1:9',
        HISTORY_URL: 'http://127.0.0.1:9',
        BOOTSTRAP_ACCOUNT: '1234',
        BOOTSTRAP_TOKEN: TOKEN,
        TRUSTED_HANDLER_HOSTS: 'trusted.example',
        OUTBOUND_ALLOW: '127.0.0.1',
      },
    });
    let output = '';
    service.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
    base = await until(() => /"address":"([^"]+)"/.exec(output)?.[1], 'the service to listen');
    await until(async () => ((await fetch(`${base}/ready`)).ok ? true : undefined), `readiness: ${output}`);
    void reader.start();
  });

  afterAll(async () => {
    if (service.exitCode === null) {
      service.kill('SIGTERM');
      await once(service, 'exit');
    }
    receiver.close();
    await reader.stop();
    await withAdmin(kafka, (admin) => admin.deleteTopics({ topics: [topics.config, topics.attempts] }));
    await sql(`DROP DATABASE ${database} WITH (FORCE)`);
    expect(service.exitCode).toBe(0);
  });

  it('creates, shows, changes, lists and deletes a webhook, and publishes each version', async () => {
    const created = await call('POST', '/v4/webhooks', JSON.stringify({ handler, trigger: 'click', database: 7 }));
    const id = created.headers.get('x-created') ?? '';
    expect([created.status, await created.text()]).toEqual([201, '']);
    expect(created.headers.get('x-location')).toBe(`${base}/v4/webhook/${id}`);
    const shown = await call('GET', `/v4/webhook/${id}`);
    expect(shown.headers.get('content-type')).toBe('application/json');
    expect(await json(shown)).toMatchObject({ ID: id, handler, database: '7', format: 'form', validated: false });
    await published(id, { version: 1, trigger: 'click', database: 7 });
    expect((await call('PUT', `/v4/webhook/${id}`, '{"trigger":"open","database":null}')).status).toBe(204);
    await published(id, { version: 2, trigger: 'open', database: undefined });
    expect(await json(await call('GET', '/v4/webhooks?trigger=open'))).toMatchObject({ start: 0, count: 1, total: 1 });
    expect(await json(await call('GET', '/v4/webhooks?total=false'))).not.toHaveProperty('total');
    const deleted = await call('DELETE', `/v4/webhook/${id}`, '');
    expect([deleted.status, deleted.headers.get('x-deleted')]).toEqual([204, `webhook ${id}`]);
    await until(() => (config.get(`webhook/${id}`) === null ? true : undefined), 'the tombstone');
    const again = await call('DELETE', `/v4/webhook/${id}`, '[]');
    expect([again.status, await json(again)]).toEqual([
      400,
      { error: { message: 'No entity with supplied ID', code: 'not_found' } },
    ]);
  });

  it('shows everything that can be set, and takes all of it back', async () => {
    const given = {
      ...{ handler, trigger: 'update', callers: ['ms', 'publisher'], database: 71, collection: 72, fields: ['mail'] },
      ...{ format: 'json', schedule: [5, 60], concurrency: 3, rate: 2.5, shards: 3, state: 'disabled' },
      signature: 'v1a',
    };
    const id = await create(given);
    const shown = { ...given, ID: id, database: '71', collection: '72', validated: false };
    expect(await json(await call('GET', `/v4/webhook/${id}`))).toEqual(shown);
    await published(id, { format: 'json', concurrency: 3, rate: 2.5, shards: 3, state: 'disabled', signature: 'v1a' });
    const nothing = {
      callers: null,
      database: null,
      collection: null,
      fields: null,
      schedule: null,
      rate: null,
      shards: null,
      signature: null,
    };
    const changed = await call('PUT', `/v4/webhook/${id}`, JSON.stringify({ ...nothing, state: 'enabled' }));
    expect([changed.status, await changed.text()]).toEqual([204, '']);
    expect(await json(await call('GET', `/v4/webhook/${id}`))).toMatchObject({
      ...{ ID: id, callers: [], database: null, collection: null, fields: null, rate: null, state: 'enabled' },
      ...{ format: 'json', signature: 'v1', concurrency: 3, shards: 1 },
      ...{ schedule: [5, 60, 300, 1_800, 7_200, 21_600, 54_000] },
    });
  });

  it('refuses fields without a database or collection, wherever a webhook is made or changed', async () => {
    const refused = {
      error: { message: expect.stringContaining('fields: may be given only with'), code: 'invalid_request' },
    };
    const made = JSON.stringify({ handler, trigger: 'update', fields: ['mail'] });
    for (const path of ['/v4/webhooks', '/v1/webhook']) {
      const answer = await call('POST', path, made);
      expect([answer.status, await json(answer)]).toEqual([400, refused]);
    }
    const id = await create({ handler, trigger: 'update', collection: 72, fields: ['mail'] });
    for (const path of [`/v4/webhook/${id}`, `/v1/feedbackloop/${id}`]) {
      const answer = await call('PUT', path, '{"collection":null}');
      expect([answer.status, await json(answer)]).toEqual([400, refused]);
    }
  });

  it.each(['/v1/webhook', '/v1/feedbackloop', '/v2/webhooks', '/v3/webhooks'])(
    'given a webhook that is made at %s, says an address at which it is',
    async (path) => {
      const created = await call('POST', path, JSON.stringify({ handler, trigger: 'click' }));
      const [id, location] = ['x-created', 'location'].map((name) => created.headers.get(name) ?? '');
      expect([created.status, created.headers.get('x-location')]).toEqual([201, location]);
      const shown = await fetch(location ?? '', { headers: { authorization: `Bearer ${TOKEN}` } });
      expect([shown.status, await json(shown)]).toEqual([200, expect.objectContaining({ ID: id })]);
    },
  );

  it('ignores parts after a complete path', async () => {
    const id = await create({ handler, trigger: 'abuse' });
    expect(await json(await call('GET', `/v4/webhook/${id}/more/parts`))).toMatchObject({ ID: id });
    expect(await json(await call('GET', '/v4/webhooks/9?trigger=abuse'))).toMatchObject({ count: 1 });
    expect(await json(await call('GET', `/v4/webhook/${id}/validation/x`))).toHaveProperty('file.name');
    expect((await call('PUT', `/v4/webhook/${id}/x`, '{"state":"disabled"}')).status).toBe(204);
    expect((await call('POST', '/v4/webhooks/9', JSON.stringify({ handler, trigger: 'click' }))).status).toBe(201);
    const moved = await fetch(`${base}/v2/webhook/${id}/x/?a=1`, {
      ...{ method: 'PUT', body: '{"state":"enabled"}', redirect: 'manual' },
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
    });
    expect([moved.status, moved.headers.get('location')]).toEqual([303, `${base}/v2/webhook/${id}`]);
    expect((await call('DELETE', `/v4/webhook/${id}/x`)).headers.get('x-deleted')).toBe(`webhook ${id}`);
  });

  it('lists in pages', async () => {
    const ids: string[] = [];
    for (const database of [81, 82, 83]) ids.push(await create({ handler, trigger: 'unsubscribe', database }));
    const list = async (path: string) => {
      const { data, ...page } = await json(await call('GET', path));
      return { ...page, ids: (data as { ID: string }[]).map(({ ID }) => ID) };
    };
    const all = '/v4/webhooks?trigger=unsubscribe';
    expect(await list(`${all}&limit=2`)).toEqual({ start: 0, limit: 2, count: 2, total: 3, ids: ids.slice(0, 2) });
    expect(await list(`${all}&start=2`)).toEqual({ start: 2, limit: 100, count: 1, total: 3, ids: ids.slice(2) });
    expect(await list(`${all}&start=9`)).toEqual({ start: 9, limit: 100, count: 0, total: 3, ids: [] });
  });

  it('lists what applies to a database or a collection, what is nearest first', async () => {
    await call('PUT', '/v4/databases', '{"ID":91,"name":"Klanten"}');
    await call('PUT', '/v4/database/91/collections', '{"ID":92,"name":"Orders"}');
    const made = async (limits: object) => create({ handler, trigger: 'failure', ...limits });
    const [account, database] = [await made({}), await made({ database: 91 })];
    const collections = [await made({ database: 91, collection: 92 }), await made({ collection: 92 })];
    for (const limits of [{ database: 93 }, { collection: 94 }, { database: 93, collection: 94 }]) await made(limits);
    const list = async (path: string) => {
      const { data, ...page } = await json(await call('GET', path));
      return { ...page, data: (data as { ID: string; bound: string }[]).map(({ ID, bound }) => [ID, bound]) };
    };
    const groups = { collection: 2, database: 1, account: 1 };
    const data = [...collections.map((id) => [id, 'collection']), [database, 'database'], [account, 'account']];
    for (const place of ['database/91', 'collection/92'])
      expect(await list(`/v4/${place}/webhooks?trigger=failure`)).toEqual({
        ...{ start: 0, limit: 100, count: 4, total: 4, groups, data },
      });
    expect(await list('/v4/database/91/webhooks?trigger=failure&start=1&limit=2&total=false')).toEqual({
      ...{ start: 1, limit: 2, count: 2, data: data.slice(1, 3) },
    });
    // Nobody has named it, but a webhook knows it.
    expect(await list('/v4/collection/94/webhooks?trigger=failure')).toMatchObject({
      groups: { ...groups, database: 0 },
    });
    expect(await list('/v4/database/93/webhooks?trigger=failure')).toMatchObject({
      groups: { ...groups, collection: 1 },
    });
  });

  it.each([
    ['/v1/account', 'PUT', 401, { code: 'unauthenticated' }],
    ['/v4/webhooks', 'POST', 400, { error: { message: 'Invalid access token', code: 'unauthenticated' } }],
  ])('reads no body at %s of whom it does not know', async (path, method, status, body) => {
    const broken = await call(method, path, '{', { authorization: 'Bearer pd_wrong' });
    expect([broken.status, await json(broken)]).toMatchObject([status, body]);
  });

  it('takes no token in the address, unless it is set to', async () => {
    const response = await call('GET', `/v4/webhooks?access_token=${TOKEN}`, undefined, { authorization: '' });
    expect([response.status, await json(response)]).toEqual([
      400,
      { error: { message: 'Invalid access token', code: 'unauthenticated' } },
    ]);
  });

  it('takes forms', async () => {
    const form = `handler=${encodeURIComponent(handler)}&trigger=create&callers[]=ms&callers[]=publisher&database=1`;
    const type = { 'content-type': 'application/x-www-form-urlencoded' };
    const id = (await call('POST', '/v4/webhooks', form, type)).headers.get('x-created') ?? '';
    expect(await json(await call('GET', `/v4/webhook/${id}`))).toMatchObject({ callers: ['ms', 'publisher'] });
    const numbered = 'callers[0]=rest&callers[1]=soap&database=&schedule[]=7&schedule[]=8&rate=1.5&unknown=x';
    expect((await call('PUT', `/v4/webhook/${id}`, numbered, type)).status).toBe(204);
    const twice = await call('PUT', `/v4/webhook/${id}`, 'handler=a&handler=b', type);
    expect(await json(twice)).toEqual({
      error: { message: 'Invalid data provided: handler: give it once', code: 'invalid_request' },
    });
    expect(await json(await call('GET', `/v4/webhook/${id}`))).toMatchObject({
      ...{ callers: ['rest', 'soap'], database: null, schedule: [7, 8], rate: 1.5 },
    });
  });

  it.each([
    ['GET', '/v4/webhook/999', undefined, /^No entity with supplied ID$/],
    ['PATCH', '/v4/webhook/1', '{}', /^Invalid method$/],
    ['POST', '/v4/webhooks', '{"a":1,}', /^Invalid data provided: The text is not valid JSON at position 7\.$/],
    ['PUT', '/v4/webhook/1', '{"concurrency":null', /^Invalid data provided: The text is not valid JSON/],
    ['POST', '/v4/webhooks', '{"trigger":"click"}', /^Invalid data provided: handler/],
    ['POST', '/v4/webhooks', '{"handler":"ftp://a.example","trigger":"click"}', /^Invalid data provided: handler/],
    ['POST', '/v4/webhooks', '{"handler":"https://a.example","trigger":"clicked"}', /^Invalid data provided: trigger/],
    [
      'POST',
      '/v4/webhooks',
      `{"a":${'['.repeat(64)}${']'.repeat(64)}}`,
      /^Invalid data provided: The JSON is nested deeper/,
    ],
    ['PUT', '/v4/webhook/1', '{"concurrency":201}', /^Invalid data provided: concurrency/],
    ['GET', '/v4/webhooks?limit=1001', undefined, /^Invalid data provided: limit/],
    ['GET', '/v4/database/x/webhooks', undefined, /^No database with supplied ID$/],
    ['GET', '/v4/database/999/webhooks', undefined, /^No database with supplied ID$/],
    ['GET', '/v4/collection/999/webhooks', undefined, /^No collection with given ID$/],
    ['POST', '/v4/webhook/999/enable', undefined, /^No entity with supplied ID$/],
    ['GET', '/v4/webhook/abc/validation', undefined, /^No entity with supplied ID$/],
    ['GET', '/v4/nothing', undefined, /^Invalid method$/],
    ['GET', '/v4/webhook/%', undefined, /^Invalid method$/],
    ['GET', `/v4/webhook/${'9'.repeat(700)}`, undefined, /^Invalid method$/],
  ])('answers 400 to %s %s with %s', async (method, path, body, message) => {
    const response = await call(method, path, body);
    expect(response.status).toBe(400);
    expect(response.headers.get('content-type')).toBe('application/json');
    const { error } = await json(response);
    expect((error as { message: string }).message).toMatch(message);
  });

  it('given a body that is too large, answers 400 and the limit', async () => {
    const response = await call('POST', '/v4/webhooks', ' '.repeat(1_048_577));
    const message = 'The body may have at most 1,048,576 bytes.';
    expect([response.status, await json(response)]).toEqual([400, { error: { message, code: 'payload_too_large' } }]);
  });

  it('given a wrong token, answers 400 on /v4 and a problem on /v1', async () => {
    const wrong = { authorization: 'Bearer wrong-token' };
    const v4 = await call('GET', '/v4/webhooks', undefined, wrong);
    expect([v4.status, await json(v4)]).toEqual([
      400,
      { error: { message: 'Invalid access token', code: 'unauthenticated' } },
    ]);
    const v1 = await call('GET', '/v1/signing-keys', undefined, wrong);
    expect([v1.status, (await json(v1)).code]).toEqual([401, 'unauthenticated']);
  });

  it('validates a handler by its file, asked for with a signature, and trusts the hosts of the operator', async () => {
    const id = await create({ handler, trigger: 'click' });
    const validation = await json(await call('GET', `/v4/webhook/${id}/validation`));
    const { name, contents } = validation.file as { name: string; contents: string };
    const { origin } = new URL(handler);
    expect(validation).toMatchObject({ locations: [`${origin}/dir/${name}`, `${origin}/${name}`], validated: false });
    expect(await json(await call('POST', `/v4/webhook/${id}/validate`))).toMatchObject({ validated: false });
    files.set(`/${name}`, `${contents}\n`);
    expect(await json(await call('POST', `/v4/webhook/${id}/validate`))).toMatchObject({ validated: true });
    await published(id, { validated: true });
    await published(await create({ handler: 'https://trusted.example/', trigger: 'click' }), { validated: true });
  });

  it('shows the secret of a json webhook, and the key for DNS', async () => {
    const id = await create({ handler, trigger: 'order.paid' });
    expect((await json(await call('GET', `/v1/webhooks/${id}/secret`))).secret).toMatch(/^whsec_/);
    const keys = (await (await call('GET', '/v1/signing-keys')).json()) as Record<string, string>[];
    expect(keys).toHaveLength(1);
    expect(keys[0]?.keyId).toMatch(/^wh\d{6}\._domainkey\.example\.org$/);
    expect(keys[0]?.record).toMatch(/^v=DKIM1;k=rsa;p=/);
    await until(() => config.get('signing-key/1') ?? undefined, 'the signing key');
    await until(() => config.get('account/1234') ?? undefined, 'the account');
    await until(() => config.get('heartbeat') ?? undefined, 'the heartbeat');
  });

  it('when a receiver is gone, disables the webhook until its owner enables it', async () => {
    const id = await create({ handler, trigger: 'click' });
    const attempt = attemptSchema.parse({
      ...{ delivery: 'd', account: '1234', webhook: id, event: 'e', trigger: 'click', attempt: 1, outcome: 'dead' },
      ...{ requested: true, durationMs: 1, sinceAcceptedMs: 1, requestBytes: 1, reason: 'receiver_gone' },
      at: new Date(Date.now() + 1_000).toISOString(),
    });
    const producer = new FlushingProducer({ kafka, log });
    await producer.send({ topic: topics.attempts, key: id, value: JSON.stringify(attempt) });
    await producer.close();
    await published(id, { state: 'disabled' });
    const enabled = await call('POST', `/v4/webhook/${id}/enable`);
    expect([enabled.status, await enabled.text()]).toEqual([204, '']);
    await published(id, { state: 'enabled' });
  });

  it.each([
    ['POST', '/v1/events'],
    ['GET', '/v1/events/1'],
    ['GET', '/v1/attempts?limit=1'],
  ])('given that the service behind is away, answers %s %s with 503', async (method, path) => {
    const response = await call(method, path, method === 'POST' ? '{}' : undefined);
    expect([response.status, (await json(response)).code]).toEqual([503, 'upstream_unavailable']);
    expect(response.headers.get('retry-after')).toBe('5');
  });
});
