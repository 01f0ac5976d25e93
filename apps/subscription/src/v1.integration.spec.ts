import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { parseConfigRecord, topicNames } from '@postduif/contracts';
import type { ConfigSnapshot, DomainView, SigningKeyView } from '@postduif/contracts';
import { CompactedTopicReader, createKafka, withAdmin } from '@postduif/kafka';
import { TestNameServer } from './dns/testing/name-server.js';
import { RunningService } from './testing/running-service.js';
import { silent, TestDatabase } from './testing/test-database.js';
import { until } from './testing/until.js';

jest.setTimeout(60_000);

const prefix = `v1-test-${randomBytes(6).toString('hex')}.`;
const topics = topicNames(prefix);
const brokers = (process.env.KAFKA_BROKERS ?? '').split(',');
const kafka = createKafka({ clientId: 'v1-test', brokers, log: silent });

/** Needs the compiled service: it runs as it does in production, with a name server of its own. */
describe('/v1 of the running service', () => {
  const config = new Map<string, ConfigSnapshot | null>();
  const reader = new CompactedTopicReader({
    kafka,
    topic: topics.config,
    onEntry: (key, value) => config.set(key, parseConfigRecord(key, value).snapshot),
    log: silent,
  });
  let test: TestDatabase;
  let server: TestNameServer;
  let service: RunningService;

  beforeAll(async () => {
    test = await TestDatabase.create();
    server = await TestNameServer.start();
    service = new RunningService({
      DATABASE_URL: test.url,
      KAFKA_BROKERS: brokers.join(','),
      KAFKA_TOPIC_PREFIX: prefix,
      SIGNING_DNS_CHECK: 'required',
      DNS_SERVERS: server.address,
    });
    await service.listens();
    await until(async () => ((await service.call('GET', '/ready')).ok ? true : undefined), 'readiness');
    void reader.start();
  });
  afterAll(async () => {
    expect(await service.stop()).toBe(0);
    await reader.stop();
    await withAdmin(kafka, (admin) => admin.deleteTopics({ topics: [topics.config, topics.attempts] }));
    await server.stop();
    await test.drop();
  });

  const ask = async (method: string, path: string, body?: object) => {
    const response = await service.call(method, path, body && JSON.stringify(body));
    const text = await response.text();
    return {
      status: response.status,
      location: response.headers.get('location'),
      body: text && (JSON.parse(text) as unknown),
    };
  };
  const snapshot = (key: string, as: object) =>
    until(() => {
      const found = config.get(key);
      return found && Object.entries(as).every(([name, value]) => Reflect.get(found, name) === value)
        ? found
        : undefined;
    }, key);

  it('shows a first key that must not sign yet, published as next, and says what to do', async () => {
    const { status, body } = await ask('GET', '/v1/signing-keys');
    const [key, ...others] = body as SigningKeyView[];
    expect([status, others]).toEqual([200, []]);
    expect(key).toMatchObject({
      ...{ keyId: expect.stringMatching(/^wh\d{6}\._domainkey\.example\.org$/), state: 'next', account: null },
      ...{ visibleSince: null, usableFrom: null, activatedAt: null, retiredAt: null, publishUntil: null },
    });
    await snapshot('signing-key/1', { state: 'next', keyId: key?.keyId, account: undefined });
  });

  it('cannot ask for a verification file before a key signs, and says so', async () => {
    const created = await service.call('POST', '/v4/webhooks', '{"handler":"https://a.example/","trigger":"click"}');
    const id = created.headers.get('x-created') ?? '';
    const { status, body } = await ask('POST', `/v4/webhook/${id}/validate`);
    expect([status, body]).toEqual([
      503,
      { error: { message: expect.stringContaining('GET /v1/signing-keys'), code: expect.any(String) } },
    ]);
  });

  it('asks a receiver of CloudEvents all the same, and reports what came of both', async () => {
    const handler = 'https://nobody.invalid/events';
    const given = JSON.stringify({ handler, trigger: 'order.paid', format: 'cloudevents' });
    const id = (await service.call('POST', '/v4/webhooks', given)).headers.get('x-created') ?? '';
    const { status, body } = await ask('POST', `/v4/webhook/${id}/validate`);
    expect([status, body]).toMatchObject([
      200,
      {
        validated: false,
        handshake: { url: handler, origin: 'example.org', granted: false, error: expect.any(String) },
        locations: [{ found: false, error: 'signing_key_not_active' }],
      },
    ]);
    expect((await ask('GET', `/v4/webhook/${id}/validation`)).body).toMatchObject({
      handshake: { origin: 'example.org', granted: false, grantedAt: null, allowedRate: null },
    });
  });

  it('takes a domain, validates it by its record, and lets webhooks be called from then on', async () => {
    const webhook = await service.call(
      'POST',
      '/v4/webhooks',
      '{"handler":"https://hooks.shop.example/","trigger":"click"}',
    );
    const id = webhook.headers.get('x-created') ?? '';
    const added = await ask('POST', '/v1/domains', { domain: 'Shop.example' });
    const view = added.body as DomainView;
    expect([added.status, added.location]).toEqual([201, `${service.base}/v1/domains/shop.example`]);
    expect(view).toEqual({
      ...{ domain: 'shop.example', unicode: 'shop.example', validated: false, validatedAt: null, dns: null },
      record: { type: 'TXT', name: '_postduif-challenge.shop.example', value: expect.any(String) },
      createdAt: expect.any(String),
    });
    expect((await ask('POST', '/v1/domains', { domain: 'shop.example' })).status).toBe(200);
    const early = await ask('POST', '/v1/domains/shop.example/validate');
    expect([early.status, early.body]).toEqual([200, expect.objectContaining({ validated: false })]);
    server.publish(view.record.name, view.record.value);
    const { body } = await ask('POST', '/v1/domains/SHOP.example/validate');
    expect(body).toMatchObject({
      validated: true,
      dns: { state: 'valid', expected: view.record.value, actual: [view.record.value], error: null },
    });
    await snapshot(`webhook/${id}`, { validated: true });
    expect((await ask('GET', '/v1/domains/shop.example')).body).toEqual(body);
    expect((await ask('GET', '/v1/domains')).body).toEqual([body]);
  });

  it('understands domains in any alphabet, also in the address', async () => {
    const { body, location } = await ask('POST', '/v1/domains', { domain: 'Bücher.example' });
    expect(location).toBe(`${service.base}/v1/domains/xn--bcher-kva.example`);
    expect(body).toMatchObject({ domain: 'xn--bcher-kva.example', unicode: 'bücher.example' });
    const address = `/v1/domains/${encodeURIComponent('bücher.example')}`;
    expect((await ask('GET', address)).body).toEqual(body);
    expect((await ask('DELETE', address)).status).toBe(204);
  });

  it('makes a key for an account that has validated the domain, and publishes whose it is', async () => {
    const made = await ask('POST', '/v1/signing-keys', { domain: 'shop.example' });
    expect([made.status, made.body]).toEqual([201, expect.objectContaining({ account: '1234', state: 'next' })]);
    expect((await ask('POST', '/v1/signing-keys', { domain: 'shop.example' })).status).toBe(200);
    await snapshot('signing-key/2', { account: '1234' });
    expect((await ask('GET', '/v1/signing-keys')).body).toHaveLength(2);
  });

  it('takes a domain back, and with it what rested on it', async () => {
    expect((await ask('DELETE', '/v1/domains/shop.example')).status).toBe(204);
    await snapshot('webhook/2', { validated: false });
    await until(() => (config.get('signing-key/2') === null ? true : undefined), 'the tombstone of the key');
    expect((await ask('GET', '/v1/domains')).body).toEqual([]);
  });

  it('changes the form of X-Copernica-ID', async () => {
    expect(await ask('GET', '/v1/account')).toMatchObject({
      status: 200,
      body: { id: '1234', copernicaId: { prefix: 'account', separator: '_', value: 'account_1234' } },
    });
    const copernicaId = { prefix: 'environment', separator: '_' };
    const changed = await ask('PUT', '/v1/account', { copernicaId });
    expect(changed).toMatchObject({ status: 200, body: { copernicaId: { value: 'environment_1234' } } });
    await snapshot('account/1234', { copernicaId: 'environment_1234' });
  });

  it('takes the account back as it was shown', async () => {
    const { body } = await ask('GET', '/v1/account');
    expect(await ask('PUT', '/v1/account', body as object)).toMatchObject({ status: 200, body });
  });

  it('makes an account for the operator, whose first token may do everything but that', async () => {
    const made = await ask('POST', '/v1/accounts', { id: 'shop', name: 'The shop' });
    const { token, ...view } = made.body as { token: string };
    expect([made.status, view]).toEqual([
      201,
      {
        ...{ id: 'shop', name: 'The shop', copernicaId: { prefix: 'account', separator: '_', value: 'account_shop' } },
        webhookDefaults: { schedule: expect.any(Array), concurrency: 10, rate: null },
      },
    ]);
    await snapshot('account/shop', { name: 'The shop' });
    const as = (path: string) => fetch(service.base + path, { headers: { authorization: `Bearer ${token}` } });
    expect(await (await as('/v1/account')).json()).toEqual(view);
    expect((await as('/v1/accounts')).status).toBe(403);
    const { body } = await ask('GET', '/v1/accounts');
    expect(body).toMatchObject({ start: 0, count: 2, total: 2, data: [{ id: '1234' }, view] });
  });

  it('takes the schema of an event type as it was written, publishes it, and takes it back', async () => {
    const schema = { type: 'object', required: ['b', 'a'], properties: { b: { type: 'integer' }, a: {} } };
    const path = '/v1/event-types/invoice.paid';
    const made = await ask('PUT', path, { description: 'An invoice was paid', schema });
    expect([made.status, made.location]).toEqual([201, `${service.base}${path}`]);
    expect(made.body).toMatchObject({ name: 'invoice.paid', schema, maxEventBytes: 4 * 1024 * 1024 });
    await snapshot('event-type/1234/invoice.paid', { version: 1 });
    const read = await ask('GET', path);
    expect(JSON.stringify((read.body as { schema: unknown }).schema)).toBe(JSON.stringify(schema));
    expect(await ask('PUT', path, read.body as object)).toMatchObject({
      status: 200,
      body: { ...(read.body as object), updatedAt: expect.any(String) },
    });

    expect(await ask('PUT', path, {})).toMatchObject({ status: 200, body: { schema: null, description: '' } });
    await snapshot('event-type/1234/invoice.paid', { version: 3, schema: null });
    expect((await ask('GET', '/v1/event-types')).body).toHaveLength(1);
    expect((await ask('DELETE', path)).status).toBe(204);
    await until(() => (config.get('event-type/1234/invoice.paid') === null ? true : undefined), 'the tombstone');
    expect((await ask('GET', '/v1/event-types')).body).toEqual([]);
  });

  it('given a schema that is no object, says what it must be', async () => {
    for (const schema of [true, false, 'x', []])
      expect(await ask('PUT', '/v1/event-types/no.object', { schema })).toMatchObject({
        ...{ status: 400, body: { code: 'invalid_request' } },
        body: {
          errors: [{ path: 'schema', message: 'must be a JSON object, such as {}, which takes anything, or null' }],
        },
      });
  });

  it('given a schema that older rules let in, then it is shown and can be taken back', async () => {
    const path = '/v1/event-types/order.sent';
    await ask('PUT', path, { schema: {} });
    await test.query(`UPDATE config.event_types SET schema = '{"$async": true}'`);
    const maxEventBytes = 4 * 1024 * 1024;
    expect(await ask('GET', '/v1/event-types')).toMatchObject({ status: 200, body: [{ maxEventBytes }] });
    expect((await ask('DELETE', path)).status).toBe(204);
  });

  it('when history is away, says that nobody knows how much a webhook would get', async () => {
    const { status, body } = await ask('GET', '/v1/webhooks/advice?trigger=open&database=7');
    expect([status, body]).toEqual([
      200,
      {
        ...{ trigger: 'open', database: 7, collection: null, threshold: 10_000, busy: null, advice: [] },
        volume: { known: false, error: 'upstream_unavailable', message: expect.any(String) },
      },
    ]);
  });

  it.each([
    ['{"name":1,}', 'The text is not valid JSON at position 10.'],
    ['{"name":secret}', 'The text is not valid JSON.'],
  ])('given the body %s, says that it is no JSON, and repeats nothing of it', async (body, detail) => {
    const answer = await service.call('PUT', '/v1/account', body);
    expect([answer.status, await answer.json()]).toEqual([
      400,
      expect.objectContaining({ code: 'invalid_json', detail }),
    ]);
  });

  it.each([
    ['/v1/account', { 'content-encoding': 'gzip' }, 415, 'identity', /^Send the body without Content-Encoding/],
    ['/v1/account', { 'content-type': 'text/plain' }, 415, null, /^Send the body as application\/json\.$/],
    ['/v4/webhook/1', { 'content-encoding': 'gzip' }, 400, 'identity', /without Content-Encoding/],
    ['/v4/webhook/1', { 'content-type': 'text/plain' }, 400, null, /use application\/json or application\/x-www-form/],
  ] as const)('given a body for %s with %j, says which it takes', async (path, given, status, coding, message) => {
    const headers = { authorization: `Bearer ${service.token}`, 'content-type': 'application/json', ...given };
    const answer = await fetch(service.base + path, { method: 'PUT', headers, body: gzipSync('{"name":"One"}') });
    expect([answer.status, answer.headers.get('accept-encoding')]).toEqual([status, coding]);
    const { detail, error } = (await answer.json()) as { detail?: string; error?: { message: string } };
    expect(detail ?? error?.message).toMatch(message);
  });

  it.each([
    [100, 'schema_invalid'],
    [2_500, 'invalid_json'],
    [100_000, 'invalid_json'],
  ])('given a schema with a value nested %d deep, refuses it: %s', async (levels, code) => {
    const schema = `{"const":${'['.repeat(levels)}${']'.repeat(levels)}}`;
    const answer = await service.call('PUT', '/v1/event-types/invoice.paid', `{"schema":${schema}}`);
    expect([answer.status, await answer.json()]).toEqual([400, expect.objectContaining({ code })]);
  });

  it.each([
    ['PUT', '/v1/account', { name: '\ud800' }, 400, 'invalid_json'],
    ['PUT', '/v1/event-types/invoice.paid', { schema: { title: 'a\0' } }, 400, 'schema_invalid'],
    ['PUT', '/v1/event-types/invoice.paid', { description: 'a\0' }, 400, 'invalid_request'],
    ['POST', '/v1/accounts', { id: '1234', name: 'Again' }, 409, 'account_exists'],
    ['POST', '/v1/accounts', { id: 'a b', name: 'Blank' }, 400, 'invalid_request'],
    ['GET', '/v1/accounts?limit=0', undefined, 400, 'invalid_request'],
    ['PUT', '/v1/event-types/click', {}, 400, 'invalid_request'],
    ['PUT', '/v1/event-types/invoice.paid', { schema: { type: 'money' } }, 400, 'schema_invalid'],
    ['PUT', '/v1/event-types/invoice.paid', { schema: { pattern: '(a)\\1' } }, 400, 'schema_invalid'],
    ['PUT', '/v1/event-types/invoice.paid', { schema: true }, 400, 'invalid_request'],
    ['GET', '/v1/event-types/invoice.paid', undefined, 404, 'not_found'],
    ['DELETE', '/v1/event-types/invoice.paid', undefined, 404, 'not_found'],
    ['GET', '/v1/webhooks/advice', undefined, 400, 'invalid_request'],
    ['GET', '/v1/webhooks/advice?trigger=clik', undefined, 400, 'invalid_request'],
    ['POST', '/v1/domains', { domain: 'co.uk' }, 400, 'domain_is_public_suffix'],
    ['POST', '/v1/domains', { domain: 'http://example.com' }, 400, 'domain_invalid'],
    ['POST', '/v1/domains', {}, 400, 'invalid_request'],
    ['GET', '/v1/domains/absent.example', undefined, 404, 'not_found'],
    ['POST', '/v1/domains/absent.example/validate', undefined, 404, 'not_found'],
    ['DELETE', '/v1/domains/absent.example', undefined, 404, 'not_found'],
    ['POST', '/v1/signing-keys', { domain: 'absent.example' }, 409, 'domain_not_validated'],
    ['PUT', '/v1/account', { copernicaId: { prefix: 'a b', separator: '_' } }, 400, 'invalid_request'],
    ['PUT', '/v1/account', { webhookDefaults: { concurrency: 0 } }, 400, 'invalid_request'],
    ['PUT', '/v1/account', { webhookDefaults: { schedule: [0] } }, 400, 'invalid_request'],
    ['PUT', '/v1/account', { unknown: 1 }, 400, 'invalid_request'],
    ['PUT', '/v1/event-types/invoice.paid', { name: 'invoice.paid', unknown: 1 }, 400, 'invalid_request'],
  ])('answers %s %s with %j as a problem: %d %s', async (method, path, given, status, code) => {
    const answer = await ask(method, path, given);
    expect(answer).toMatchObject({ status, body: { status, code, title: expect.any(String) } });
  });
});
