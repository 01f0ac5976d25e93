import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { topicNames } from '@postduif/contracts';
import type { CheckReport, SampleView, SigningKeyView, TestReport } from '@postduif/contracts';
import { createKafka, withAdmin } from '@postduif/kafka';
import { Receiver } from '@postduif/receiver';
import { RunningService } from '../testing/running-service.js';
import { silent, TestDatabase } from '../testing/test-database.js';
import { TestReceiver } from '../testing/test-receiver.js';
import type { Received } from '../testing/test-receiver.js';
import { until } from '../testing/until.js';

jest.setTimeout(60_000);

const prefix = `test-calls-${randomBytes(6).toString('hex')}.`;
const topics = topicNames(prefix);
const brokers = process.env.KAFKA_BROKERS ?? '';
const kafka = createKafka({ clientId: 'test-calls', brokers: brokers.split(','), log: silent });
const encryptionKey = randomBytes(32).toString('base64');
const FORM = 'application/x-www-form-urlencoded';

/** Needs the compiled service: it runs as it does in production. */
describe('the test tool', () => {
  const services: RunningService[] = [];
  let database: TestDatabase;
  let receiver: TestReceiver;
  let service: RunningService;

  const start = async (settings: Readonly<Record<string, string>>): Promise<RunningService> => {
    const started = new RunningService({
      DATABASE_URL: database.url,
      KAFKA_BROKERS: brokers,
      KAFKA_TOPIC_PREFIX: prefix,
      ENCRYPTION_KEY: encryptionKey,
      // 127.0.0.2 is this machine, too, and not allowed.
      OUTBOUND_ALLOW: '127.0.0.1',
      REQUEST_TIMEOUT_MS: '1000',
      ...settings,
    });
    services.push(started);
    await started.listens();
    await until(async () => ((await started.call('GET', '/ready')).ok ? true : undefined), 'readiness');
    return started;
  };

  beforeAll(async () => {
    [database, receiver] = await Promise.all([TestDatabase.create(), TestReceiver.start()]);
    service = await start({ TESTS_PER_MINUTE: '1000' });
  });
  afterAll(async () => {
    expect(await Promise.all(services.map((one) => one.stop()))).toEqual(services.map(() => 0));
    await withAdmin(kafka, (admin) => admin.deleteTopics({ topics: [topics.config, topics.attempts, topics.events] }));
    receiver.stop();
    await database.drop();
  });

  const create = async (given: object, at = service): Promise<string> => {
    const created = await at.call('POST', '/v4/webhooks', JSON.stringify({ trigger: 'click', ...given }));
    expect(created.status).toBe(201);
    return created.headers.get('x-created') ?? '';
  };
  /** As if its file had been found. */
  const validate = async (id: string): Promise<void> => {
    await database.query('UPDATE config.webhooks SET validated = true, validated_at = now() WHERE id = $1', [id]);
  };
  const createValid = async (given: object): Promise<string> => {
    const id = await create(given);
    await validate(id);
    return id;
  };
  const post = async (path: string, body?: unknown, at = service) => {
    const response = await at.call('POST', path, body === undefined ? undefined : JSON.stringify(body));
    return { status: response.status, headers: response.headers, body: await response.json() };
  };
  const test = async (id: string, body?: unknown): Promise<TestReport> => {
    const answer = await post(`/v4/webhook/${id}/test`, body);
    expect({ status: answer.status, body: answer.body }).toMatchObject({ status: 200 });
    return answer.body as TestReport;
  };
  const verifier = async (id?: string): Promise<Receiver> => {
    if (id !== undefined) {
      const { secret } = (await (await service.call('GET', `/v1/webhooks/${id}/secret`)).json()) as { secret: string };
      return new Receiver({ standardWebhooks: { secrets: [secret] } });
    }
    const keys = (await (await service.call('GET', '/v1/signing-keys')).json()) as SigningKeyView[];
    return new Receiver({
      httpSignature: {
        copernicaId: 'account_1234',
        host: `127.0.0.1:${receiver.port}`,
        keyDomains: ['example.org'],
        resolveTxt: (name) => Promise.resolve(keys.flatMap(({ keyId, record }) => (keyId === name ? [[record]] : []))),
      },
    });
  };
  const asRequest = ({ method, target, headers, body }: Received) => ({ method, target, headers, body });

  it('given nothing else, sends the sample of the trigger, signed as a delivery, and tells all of it', async () => {
    const handler = receiver.at('/form?a=%2F', (response) => response.writeHead(202, { 'x-mine': 'yes' }).end('noted'));
    const id = await create({ handler, trigger: 'open', database: 7 });
    const report = await test(id);
    const [arrived, ...others] = receiver.of('/form?a=%2F');
    expect(others).toEqual([]);
    const webhook = await (await verifier()).verify(asRequest(arrived!));
    expect(webhook).toMatchObject({ format: 'form', eventId: report.test, signature: { scheme: 'http-signature' } });
    expect(arrived?.headers).toMatchObject({ 'x-webhook-test': '1', 'x-webhook-attempt': '1', 'content-type': FORM });
    expect(new URLSearchParams(arrived?.body.toString()).get('database')).toBe('7');
    expect(report).toEqual({
      ...{
        test: expect.stringMatching(/^test_/),
        webhook: id,
        at: expect.any(String),
        outcome: 'accepted',
        error: null,
      },
      request: { method: 'POST', url: handler, headers: expect.any(Object), body: arrived?.body.toString() },
      response: {
        status: 202,
        headers: expect.objectContaining({ 'x-mine': 'yes' }),
        body: 'noted',
        bodyTruncated: false,
      },
      remoteAddress: '127.0.0.1',
      timing: {
        ...{ queuedMs: expect.any(Number), connectMs: expect.any(Number), lookupMs: expect.any(Number) },
        ...{ tcpMs: expect.any(Number), tlsMs: null },
        ...{ firstByteMs: expect.any(Number), totalMs: expect.any(Number) },
      },
    });
    const { connection: _, ...sent } = arrived?.headers ?? {};
    const shown = Object.entries(report.request.headers).map(([name, value]) => [name.toLowerCase(), value]);
    expect(Object.fromEntries(shown)).toEqual(sent);
  });

  it('given a webhook for CloudEvents that is signed by ed25519, sends such a one, from whom its receiver knows', async () => {
    const handler = receiver.at('/events', (response) => response.end());
    const id = await create({ handler, trigger: 'order.paid', format: 'cloudevents', signature: 'v1a' });
    const report = await test(id);
    const shown = (await (await service.call('GET', `/v1/webhooks/${id}/secret`)).json()) as { publicKey: string };
    const [arrived] = receiver.of('/events');
    const webhook = await new Receiver({ standardWebhooks: { secrets: [shown.publicKey] } }).verify(
      asRequest(arrived!),
    );
    expect(webhook).toMatchObject({ format: 'cloudevents', eventId: report.test, payload: { type: 'order.paid' } });
    expect(arrived?.headers['webhook-request-origin']).toBe('example.org');
  });

  it('given a json webhook, sends what Standard Webhooks verifies', async () => {
    const id = await create({ handler: receiver.at('/json'), trigger: 'invoice.paid' });
    const report = await test(id);
    const [arrived] = receiver.of('/json');
    const webhook = await (await verifier(id)).verify(asRequest(arrived!));
    expect(webhook).toMatchObject({
      eventId: report.test,
      signature: { scheme: 'standard-webhooks', id: report.test },
    });
    expect(JSON.parse(report.request.body ?? '')).toMatchObject({ type: 'invoice.paid', data: { sample: true } });
    const { connection: _, ...sent } = arrived?.headers ?? {};
    const shown = Object.entries(report.request.headers).map(([name, value]) => [name.toLowerCase(), value]);
    expect(Object.fromEntries(shown)).toEqual(sent);
  });

  it('shows a sample that can be changed and sent', async () => {
    const id = await createValid({ handler: receiver.at('/changed'), trigger: 'click' });
    const shown = await service.call('GET', `/v4/webhook/${id}/sample?about=subprofile`);
    const { event, body, contentType, ...sample } = (await shown.json()) as SampleView;
    expect(sample).toEqual({ trigger: 'click', format: 'form' });
    expect([contentType, event.subprofile, body]).toEqual([FORM, 456, expect.stringMatching(/^type=click&/)]);
    const { useragent: _, ...data } = event.data;
    await test(id, { ...event, profile: 99, mailing: null, data: { ...data, useragent: null, ip: '2001:db8::7' } });
    await test(id, { data: { original: 'https://shop.example/?a=1' } });
    const [first, second] = receiver.of('/changed').map((one) => new URLSearchParams(one.body.toString()));
    expect([first?.get('profile'), first?.has('mailing'), first?.has('useragent'), first?.get('ip')]).toEqual([
      ...['99', false, false, '2001:db8::7'],
    ]);
    expect([second?.get('original'), second?.get('profile')]).toEqual(['https://shop.example/?a=1', '123']);
    await (await verifier()).verify(asRequest(receiver.of('/changed')[0]!));
  });

  it('sends a body as it is, and signs it', async () => {
    const id = await createValid({ handler: receiver.at('/raw') });
    const free = 'a=1&b[]=é&%%%';
    expect((await test(id, { body: free })).request.body).toBe(free);
    const bytes = Buffer.from([0, 255, 10]);
    const report = await test(id, { bodyBase64: bytes.toString('base64'), contentType: 'application/octet-stream' });
    expect(report.request.bodyBase64).toBe(bytes.toString('base64'));
    const [first, second] = receiver.of('/raw');
    expect([first?.body, first?.headers['content-type']]).toEqual([Buffer.from(free), FORM]);
    expect([second?.body, second?.headers['content-type']]).toEqual([bytes, 'application/octet-stream']);
    for (const arrived of [first, second]) await (await verifier()).verifySignature(asRequest(arrived!));
  });

  it('works at the addresses of older clients, and with what they send', async () => {
    const id = await createValid({ handler: receiver.at('/older') });
    const form = { authorization: `Bearer ${service.token}`, 'content-type': FORM };
    for (const path of ['v2/webhook', 'v3/webhook', 'v1/webhook', 'v1/feedbackloop']) {
      expect((await post(`/${path}/${id}/test`, [])).status).toBe(200);
      const address = `${service.base}/${path}/${id}/test?access_token=${service.token}`;
      expect((await fetch(address, { method: 'POST', headers: form, body: 'body=a%3D1' })).status).toBe(200);
      expect((await service.call('GET', `/${path}/${id}/sample`)).status).toBe(200);
    }
    expect(receiver.of('/older').map(({ body }) => body.length > 0)).toEqual(Array<boolean>(8).fill(true));
  });

  it('given a handler that is not validated, sends the sample and nothing else', async () => {
    const id = await create({ handler: receiver.at('/unproven') });
    for (const body of [{ data: {} }, { profile: 5 }, { body: 'secret' }, { bodyBase64: 'eA==' }]) {
      const refused = await post(`/v4/webhook/${id}/test`, body);
      expect([refused.status, refused.body]).toEqual([
        400,
        {
          error: {
            code: 'handler_not_validated',
            message: expect.stringMatching(/^This handler is not validated yet/),
          },
        },
      ]);
    }
    expect(receiver.of('/unproven')).toEqual([]);
    expect((await test(id, { about: 'subprofile' })).outcome).toBe('accepted');
  });

  it.each([
    ['data that the trigger cannot have', { data: { ip: 'x' } }, /data\.ip: must be an IP address/],
    ['a member that the trigger does not know', { data: { colour: 'red' } }, /data\.colour: is not a known field/],
    ['a property that the call does not know', { dta: {} }, /dta: is not a known field/],
    ['a body and data', { body: 'x', data: {} }, /either a body/],
  ])('given %s, refuses it, and sends nothing', async (_what, body, message) => {
    const id = await createValid({ handler: receiver.at('/refused') });
    const refused = await post(`/v4/webhook/${id}/test`, body);
    expect([refused.status, refused.body]).toEqual([
      400,
      { error: { message: expect.stringMatching(message), code: expect.any(String) } },
    ]);
    expect(receiver.of('/refused')).toEqual([]);
  });

  it.each(['json', 'cloudevents'])('given data for %s that no event may have, refuses it', async (format) => {
    const id = await createValid({ handler: receiver.at(`/deep/${format}`), trigger: 'order.paid', format });
    const call = (data: string) => service.call('POST', `/v4/webhook/${id}/test`, `{"data":${data}}`);
    const nested = (levels: number) => `{"a":${'['.repeat(levels)}${']'.repeat(levels)}}`;
    const refused = [await call(nested(5_000)), await call(nested(63)), await call('{"b":"\\ud800"}')];
    expect(refused.map(({ status }) => status)).toEqual([400, 400, 400]);
    expect(receiver.of(`/deep/${format}`)).toEqual([]);
    expect((await call(nested(62))).status).toBe(200);
  });

  it('given a receiver that fails, answers 200 with the code and the sentence of an attempt', async () => {
    const closed = createServer().listen(0, '127.0.0.1');
    await once(closed, 'listening');
    const { port } = closed.address() as AddressInfo;
    closed.close();
    await once(closed, 'close');
    const long = 'x'.repeat(100_000);
    const cases: [string, object][] = [
      [
        receiver.at('/500', (response) => response.writeHead(500).end(long)),
        { outcome: 'refused', error: { code: 'http_status' } },
      ],
      [
        receiver.at('/301', (response) => response.writeHead(301, { location: '/' }).end()),
        {
          ...{ outcome: 'refused', response: { status: 301 }, error: { message: expect.stringMatching(/redirects/) } },
        },
      ],
      [
        receiver.at('/hangs', () => undefined),
        { outcome: 'failed', response: null, error: { code: 'headers_timeout' } },
      ],
      [
        receiver.at('/cut', (response) => response.destroy()),
        { outcome: 'failed', error: { code: 'connection_reset' } },
      ],
      [`http://127.0.0.1:${port}/`, { error: { code: 'connect_refused' } }],
      [`https://127.0.0.1:${receiver.port}/`, { error: { code: 'tls_failed' } }],
      [`http://127.0.0.2:${receiver.port}/`, { error: { code: 'address_not_allowed' }, remoteAddress: null }],
    ];
    for (const [handler, expected] of cases) expect(await test(await create({ handler }))).toMatchObject(expected);
    const refused = await test(await create({ handler: receiver.at('/500') }));
    expect([refused.response?.body.length, refused.response?.bodyTruncated]).toEqual([4_096, true]);
  });

  it('given no webhook, says so', async () => {
    const none = await post('/v4/webhook/999999/test');
    expect([none.status, none.body]).toEqual([
      400,
      { error: { message: 'No entity with supplied ID', code: 'not_found' } },
    ]);
    const read = await service.call('GET', '/v4/webhook/999999/sample');
    expect(read.status).toBe(400);
  });

  it('leaves a line in the log, without body and query, and nothing else', async () => {
    const id = await createValid({ handler: receiver.at('/logged?token=hush'), trigger: 'abuse' });
    const { test: name } = await test(id, { body: 'very-private' });
    const lines = () => service.output.split('\n').slice(0, -1);
    const line = await until(() => lines().find((one) => one.includes(name)), 'the line');
    expect(JSON.parse(line)).toMatchObject({
      ...{ account: '1234', webhook: id, trigger: 'abuse', test: name, content: 'body', outcome: 'accepted' },
      ...{ host: `127.0.0.1:${receiver.port}`, status: 200, remoteAddress: '127.0.0.1', bytes: 12 },
    });
    expect(service.output).not.toMatch(/very-private|hush/);
    const ends = await withAdmin(kafka, (admin) => admin.fetchTopicOffsets(topics.attempts));
    expect(ends.map(({ offset }) => offset)).toEqual(ends.map(() => '0'));
  });

  it('given too many tests in a minute, answers 429 with a code, and when to come back', async () => {
    const limited = await start({ TESTS_PER_MINUTE: '3' });
    const as = async (path: string, body?: object) => {
      const response = await fetch(limited.base + path, {
        method: 'POST',
        headers: { authorization: `Bearer ${service.token}`, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const { error, code } = (await response.json()) as { error?: { code?: string }; code?: string };
      return [response.status, error?.code ?? code, Number(response.headers.get('retry-after')) > 0];
    };
    const trigger = 'limited.tests';
    const ids: string[] = [];
    for (let count = 0; count < 3; count++) ids.push(await createValid({ handler: receiver.at('/limited'), trigger }));
    const path = `webhook/${ids[0]!}/test`;
    // What is refused for another reason does not count.
    expect((await as(`/v4/${path}`, { dta: 1 }))[0]).toBe(400);
    expect(await as(`/v4/${path}`)).toEqual([200, undefined, false]);
    // Three at once are one too many now.
    expect(await as('/v1/webhooks/check', { trigger })).toEqual([429, 'test_rate_limited', true]);
    for (let count = 0; count < 2; count++) expect((await as(`/v3/${path}`))[0]).toBe(200);
    expect(await as(`/v4/${path}`)).toEqual([429, 'test_rate_limited', true]);
    expect(receiver.of('/limited')).toHaveLength(3);
  });

  it('checks all webhooks at once, ten at a time, and tells of each what is the matter', async () => {
    const trigger = 'check.now';
    const paths = Array.from({ length: 8 }, (_, index) => `/check/${index}`);
    const hanging = ['/check/h1', '/check/h2'];
    const ids: string[] = [];
    for (const path of paths) ids.push(await createValid({ trigger, handler: receiver.at(path) }));
    for (const path of hanging) ids.push(await createValid({ trigger, handler: receiver.at(path, () => undefined) }));
    ids.push(
      await createValid({ trigger, handler: receiver.at('/check/503', (response) => response.writeHead(503).end()) }),
    );
    ids.push(await createValid({ trigger, handler: `http://127.0.0.2:${receiver.port}/` }));
    ids.push(await create({ trigger, handler: receiver.at('/check/unproven') }));
    receiver.most = 0;
    const { status, body } = await post('/v1/webhooks/check', { trigger });
    const { results, next } = body as CheckReport;
    expect([status, next, results.map(({ webhook }) => webhook)]).toEqual([200, null, ids]);
    expect(results.map(({ outcome, status: answered, error }) => [outcome, answered, error?.code])).toEqual([
      ...paths.map(() => ['accepted', 200, undefined]),
      ...hanging.map(() => ['failed', null, 'headers_timeout']),
      ['refused', 503, 'http_status'],
      ['failed', null, 'address_not_allowed'],
      ['not_validated', null, undefined],
    ]);
    expect(results.at(-1)).toEqual({
      ...{ webhook: ids.at(-1), handler: receiver.at('/check/unproven'), trigger, state: 'enabled' },
      ...{ outcome: 'not_validated', status: null, error: null, totalMs: null },
    });
    expect(receiver.of('/check/unproven')).toEqual([]);
    expect(receiver.most).toBeLessThanOrEqual(10);
    const [first] = receiver.of('/check/0');
    expect(first?.headers).toMatchObject({ 'x-webhook-test': '1' });
    await (await verifier(ids[0])).verify(asRequest(first!));
  });

  it('given more webhooks than one check takes, says where the next goes on', async () => {
    const trigger = 'check.many';
    await database.query(
      `INSERT INTO config.webhooks (account, handler, trigger, callers, format, schedule, concurrency, state, validated,
         verification_name, verification_line, secrets, version, shards)
       SELECT account, handler, $1, callers, format, schedule, concurrency, state, false, verification_name, verification_line,
         secrets, version, shards FROM config.webhooks, generate_series(1, 60) WHERE id = $2`,
      [trigger, await create({ trigger: 'check.first', handler: receiver.at('/many') })],
    );
    const first = (await post('/v1/webhooks/check', { trigger })).body as CheckReport;
    expect([first.results.length, first.next]).toEqual([50, first.results.at(-1)?.webhook]);
    const second = (await post('/v1/webhooks/check', { trigger, after: first.next })).body as CheckReport;
    expect([second.results.length, second.next]).toEqual([10, null]);
    const wrong = await post('/v1/webhooks/check', { after: 'x' });
    expect([wrong.status, wrong.body]).toEqual([400, expect.objectContaining({ code: 'invalid_request' })]);
  });

  it('given a token that may only read, shows the sample and sends nothing', async () => {
    const id = await create({ handler: receiver.at('/reader') });
    const made = await post('/v1/tokens', { name: 'reader', scopes: ['webhooks:read'] });
    const { token } = made.body as { token: string };
    const as = (method: string, path: string) =>
      fetch(service.base + path, { method, headers: { authorization: `Bearer ${token}` } });
    expect((await as('GET', `/v4/webhook/${id}/sample`)).status).toBe(200);
    expect((await as('POST', `/v4/webhook/${id}/test`)).status).toBe(400);
    expect((await as('POST', '/v1/webhooks/check')).status).toBe(403);
    expect(receiver.of('/reader')).toEqual([]);
  });
});
