import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { credentials, status } from '@grpc/grpc-js';
import type { ServiceError } from '@grpc/grpc-js';
import { createToken, hashToken } from '@postduif/access';
import { topicNames } from '@postduif/contracts';
import { createKafka, withAdmin } from '@postduif/kafka';
import { Client } from 'pg';
import { RunningService } from '../testing/running-service.js';
import { TestReceiver } from '../testing/test-receiver.js';
import { silent, TestDatabase } from '../testing/test-database.js';
import { until } from '../testing/until.js';
import { MAX_MESSAGE_BYTES } from './grpc-server.js';
import { failureOf, GrpcClient, Watcher } from './testing/grpc-client.js';
import type { WebhookMessage } from './webhook-message.js';

jest.setTimeout(60_000);

const ACCOUNT = '1234';
const prefix = `grpc-test-${randomBytes(6).toString('hex')}.`;
const topics = topicNames(prefix);
const brokers = process.env.KAFKA_BROKERS ?? '';
const kafka = createKafka({ clientId: 'grpc-test', brokers: brokers.split(','), log: silent });
const fixture = (name: string) => new URL(`../../fixtures/${name}`, import.meta.url);

/** Needs the compiled service: it runs as it does in production. */
describe('gRPC', () => {
  const shared = {
    KAFKA_BROKERS: brokers,
    KAFKA_TOPIC_PREFIX: prefix,
    ENCRYPTION_KEY: randomBytes(32).toString('base64'),
    BOOTSTRAP_ACCOUNT: ACCOUNT,
    BOOTSTRAP_TOKEN: createToken(),
    TRUSTED_HANDLER_HOSTS: 'trusted.example',
    OUTBOUND_ALLOW: '127.0.0.1',
    GRPC_PORT: '0',
  };
  let database: TestDatabase;
  let service: RunningService;
  let client: GrpcClient;
  const clients: GrpcClient[] = [];
  const services: RunningService[] = [];

  const start = async (settings: Readonly<Record<string, string>> = {}): Promise<[RunningService, string]> => {
    const started = new RunningService({ ...shared, DATABASE_URL: database.url, ...settings });
    services.push(started);
    const address = await until(() => /"grpc":"([^"]+)"/.exec(started.output)?.[1], 'gRPC to listen');
    await until(() => (started.output.includes('"started"') ? true : undefined), 'the start');
    return [started, address];
  };
  const connect = (...given: ConstructorParameters<typeof GrpcClient>): GrpcClient => {
    const connected = new GrpcClient(...given);
    clients.push(connected);
    return connected;
  };
  const create = async (given: object = {}): Promise<WebhookMessage> => {
    const webhook = { handler: 'https://trusted.example/hook', trigger: 'click', ...given };
    return (await client.call('WebhookService/CreateWebhook', { webhook })).webhook;
  };
  const addToken = async (scopes: string[]): Promise<string> => {
    const token = createToken();
    await database.query('INSERT INTO config.api_tokens (id, account, hash, scopes) VALUES ($1, $2, $3, $4)', [
      ...[randomUUID(), ACCOUNT, hashToken(token), scopes],
    ]);
    return token;
  };
  let address = '';

  beforeAll(async () => {
    database = await TestDatabase.create();
    [service, address] = await start();
    client = connect(address, shared.BOOTSTRAP_TOKEN);
  });

  afterAll(async () => {
    for (const one of clients) one.close();
    await Promise.all(services.map((one) => one.stop()));
    await withAdmin(kafka, (admin) => admin.deleteTopics({ topics: [topics.config, topics.attempts] }));
    await database.drop();
  });

  it('creates, shows, changes and deletes a webhook, and REST sees the same', async () => {
    await service.listens();
    const rest = async (id: string) =>
      (await (
        await fetch(`${service.base}/v4/webhook/${id}`, {
          headers: { authorization: `Bearer ${shared.BOOTSTRAP_TOKEN}` },
        })
      ).json()) as object;
    const webhook = await create({
      rate: 2.5,
      shards: 4,
      database: 7,
      callers: ['CALLER_MS'],
      state: 'STATE_DISABLED',
    });
    expect(webhook).toMatchObject({
      version: 1,
      format: 'FORMAT_FORM',
      concurrency: 10,
      rate: 2.5,
      shards: 4,
      validated: true,
    });
    expect(await rest(webhook.id)).toMatchObject({
      rate: 2.5,
      shards: 4,
      database: '7',
      callers: ['ms'],
      state: 'disabled',
    });
    const { id } = webhook;
    expect((await client.call('WebhookService/GetWebhook', { id })).webhook).toEqual(webhook);
    const changed = await client.call('WebhookService/UpdateWebhook', {
      webhook: { id, state: 'STATE_ENABLED', trigger: 'open' },
      update_mask: { paths: ['state', 'rate', 'callers'] },
    });
    const { rate: _, ...unlimited } = webhook;
    expect(changed.webhook).toEqual({ ...unlimited, version: 2, state: 'STATE_ENABLED', callers: [] });
    expect(await rest(id)).toMatchObject({ trigger: 'click', rate: null, callers: [], state: 'enabled' });
    await client.call('WebhookService/DeleteWebhook', { id });
    expect((await client.failure('WebhookService/GetWebhook', { id })).code).toBe(status.NOT_FOUND);
  });

  it('rotates the secret of a webhook, and REST shows the same', async () => {
    await service.listens();
    const { id } = await create({ trigger: 'invoice.paid' });
    const shown = async () =>
      (
        await fetch(`${service.base}/v1/webhooks/${id}/secret`, {
          headers: { authorization: `Bearer ${shared.BOOTSTRAP_TOKEN}` },
        })
      ).json();
    const { secret, previous } = await client.call('WebhookService/RotateSecret', { id, overlap: 60 });
    const [{ until }] = previous as [{ until: { seconds: number; nanos: number } }];
    const moment = new Date(until.seconds * 1_000 + until.nanos / 1_000_000).toISOString();
    expect(await shown()).toEqual({ signature: 'v1', secret, previous: [{ signature: 'v1', until: moment }] });
    await client.call('WebhookService/RotateSecret', { id });
    expect((await client.failure('WebhookService/RotateSecret', { id })).code).toBe(status.FAILED_PRECONDITION);
    expect((await client.failure('WebhookService/RotateSecret', { id: '99999' })).code).toBe(status.NOT_FOUND);
  });

  it('given the version that a caller knows, changes and deletes only that', async () => {
    const { id } = await create();
    const update = (version: number) => ({ webhook: { id, rate: version }, expected_version: version });
    await client.call('WebhookService/UpdateWebhook', update(1));
    const late = await client.failure('WebhookService/UpdateWebhook', update(1));
    expect([late.code, late.details.ErrorInfo]).toMatchObject([status.ABORTED, { reason: 'version_mismatch' }]);
    const tooSoon = await client.failure('WebhookService/DeleteWebhook', { id, expected_version: 1 });
    expect(tooSoon.code).toBe(status.ABORTED);
    await client.call('WebhookService/DeleteWebhook', { id, expected_version: 2 });
    const audit = await database.query(
      `SELECT action, channel, credential, token IS NOT NULL AS token FROM config.audit WHERE entity = 'webhook' AND entity_id = $1 ORDER BY id`,
      [id],
    );
    const made = { channel: 'grpc', credential: 'token', token: true };
    expect(audit).toEqual(['created', 'changed', 'deleted'].map((action) => ({ action, ...made })));
  });

  it('given more calls than a token may make, says when to come back', async () => {
    const [, bound] = await start({ API_RATE_LIMIT: '1', API_RATE_BURST: '1' });
    const impatient = connect(bound, shared.BOOTSTRAP_TOKEN);
    const refused = await until(async () => {
      try {
        await impatient.call('AccountService/ListAccounts');
        return undefined;
      } catch (error) {
        return failureOf(error as ServiceError);
      }
    }, 'the limit');
    expect(refused).toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
      details: { ErrorInfo: { reason: 'rate_limited' }, RetryInfo: { retry_delay: { seconds: 1 } } },
    });
  });

  it('lists pages, which lose nothing when others are deleted', async () => {
    const trigger = 'pages.made';
    const ids: string[] = [];
    for (let count = 0; count < 5; count++) ids.push((await create({ trigger })).id);
    const list = (given: object) => client.call('WebhookService/ListWebhooks', { trigger, page_size: 2, ...given });
    const first = await list({});
    await client.call('WebhookService/DeleteWebhook', { id: ids[0] });
    const second = await list({ page_token: first.next_page_token });
    const third = await list({ page_token: second.next_page_token });
    const pages = [first, second, third].map(({ webhooks }) => (webhooks as WebhookMessage[]).map(({ id }) => id));
    expect(pages).toEqual([ids.slice(0, 2), ids.slice(2, 4), ids.slice(4)]);
    expect(third.next_page_token).toBe('');
  });

  it.each([
    ['no webhook of this id', 'WebhookService/GetWebhook', { id: '0' }, status.NOT_FOUND, 'not_found'],
    ['no page token', 'WebhookService/ListWebhooks', { page_token: 'x' }, status.INVALID_ARGUMENT, 'invalid_request'],
    ['too large a page', 'WebhookService/ListWebhooks', { page_size: 999 }, status.INVALID_ARGUMENT, 'invalid_request'],
    ['an account of others', 'AccountService/GetAccount', { id: 'other' }, status.NOT_FOUND, 'not_found'],
  ])('given %s, then %s fails with a code', async (_, method, request, code, reason) => {
    const failure = await client.failure(method, request);
    expect([failure.code, failure.details.ErrorInfo]).toEqual([code, { reason, domain: 'postduif', metadata: {} }]);
  });

  it('given wrong properties, then each field is named, also those that only the domain can judge', async () => {
    const fieldsOf = async (webhook: object) => {
      const { code, details } = await client.failure('WebhookService/CreateWebhook', { webhook });
      const { field_violations: violations } = details.BadRequest as { field_violations: { field: string }[] };
      return [code, ...violations.map(({ field }) => field)];
    };
    expect(await fieldsOf({ handler: 'https://a.example', concurrency: 900 })).toEqual([
      ...[status.INVALID_ARGUMENT, 'webhook.trigger', 'webhook.concurrency'],
    ]);
    expect(await fieldsOf({ handler: 'nonsense', trigger: 'click' })).toEqual([3, 'webhook.handler']);
    const unbound = { handler: 'https://a.example', trigger: 'update', fields: ['mail'] };
    expect(await fieldsOf(unbound)).toEqual([3, 'webhook.fields']);
    const schedule = { seconds: [0] };
    expect(await fieldsOf({ handler: 'https://a.example', trigger: 'click', schedule })).toEqual([
      3,
      'webhook.schedule',
    ]);
  });

  it('given no token, a wrong one, or one without the scope, then it is refused', async () => {
    const reasonOf = async (token?: string) => {
      const { code, details } = await connect(address, token).failure('WebhookService/CreateWebhook', {});
      return [code, (details.ErrorInfo as { reason: string }).reason];
    };
    expect(await reasonOf()).toEqual([status.UNAUTHENTICATED, 'unauthenticated']);
    expect(await reasonOf('pd_wrong-token')).toEqual([status.UNAUTHENTICATED, 'unauthenticated']);
    expect(await reasonOf(await addToken(['webhooks:read']))).toEqual([status.PERMISSION_DENIED, 'forbidden']);
  });

  it('says what a token may do, and which accounts it sees', async () => {
    const token = await addToken(['events:write']);
    const own = await connect(address, token).call('AccessService/CheckToken');
    expect(own).toMatchObject({ active: true, account: ACCOUNT, scopes: ['events:write'] });
    expect(await client.call('AccessService/CheckToken', { token })).toEqual(own);
    const none = { active: false, account: '', token_id: '', scopes: [] };
    expect(await client.call('AccessService/CheckToken', { token: 'pd_nonsense' })).toEqual(none);
    const account = { id: ACCOUNT, copernica_id: `account_${ACCOUNT}` };
    expect(await client.call('AccountService/GetAccount', { id: ACCOUNT })).toMatchObject({ account });
    expect(await client.call('AccountService/ListAccounts')).toMatchObject({ accounts: [account] });
  });

  it('given too large a message, then it is refused before it is read', async () => {
    const handler = 'x'.repeat(MAX_MESSAGE_BYTES);
    const { code } = await client.failure('WebhookService/CreateWebhook', { webhook: { handler } });
    expect(code).toBe(status.RESOURCE_EXHAUSTED);
  });

  it('given a caller who has gone, then the change that he waited for is not made', async () => {
    const { id } = await create();
    const lock = new Client({ connectionString: database.url, application_name: 'lock' });
    await lock.connect();
    await lock.query('BEGIN');
    await lock.query('SELECT FROM config.webhooks WHERE id = $1 FOR UPDATE', [id]);
    const working = (condition: string) =>
      database.query(
        `SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'subscription' AND ${condition}`,
      );
    const gone = new AbortController();
    const call = client.call('WebhookService/UpdateWebhook', { webhook: { id, rate: 9 } }, { signal: gone.signal });
    const refused = expect(call).rejects.toMatchObject({ code: status.CANCELLED });
    await until(async () => ((await working("wait_event_type = 'Lock'")).length > 0 ? true : undefined), 'the lock');
    gone.abort();
    await refused;
    // One connection keeps the order: when this is answered the service knows of the cancellation.
    await client.call('AccessService/CheckToken');
    await lock.end();
    await until(async () => ((await working('xact_start IS NOT NULL')).length === 0 ? true : undefined), 'the end');
    expect((await client.call('WebhookService/GetWebhook', { id })).webhook).toMatchObject({ id, version: 1 });
  });

  it('given a deadline, then a validation that takes longer ends with it', async () => {
    const open = new Set<string>();
    const receiver = createServer((request, response) => {
      const path = request.url?.split('/')[1] ?? '';
      open.add(path);
      response.on('close', () => open.delete(path));
    });
    receiver.listen(0, '127.0.0.1');
    await once(receiver, 'listening');
    const base = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
    const short = await create({ handler: `${base}/short/hook` });
    const long = await create({ handler: `${base}/long/hook` });
    const gone = new AbortController();
    const waiting = client.call('WebhookService/ValidateWebhook', { id: long.id }, { signal: gone.signal });
    const cancelled = expect(waiting).rejects.toMatchObject({ code: status.CANCELLED });
    await until(() => (open.has('long') ? true : undefined), 'the long request');
    const deadline = Date.now() + 3_000;
    const failure = client.failure('WebhookService/ValidateWebhook', { id: short.id }, { deadline });
    await until(() => (open.has('short') ? true : undefined), 'the short request');
    expect((await failure).code).toBe(status.DEADLINE_EXCEEDED);
    await until(() => (open.has('short') ? undefined : true), 'the end of the short request');
    // It began earlier, and has the same time at most.
    expect([...open]).toEqual(['long']);
    gone.abort();
    await cancelled;
    receiver.close();
    receiver.closeAllConnections();
  });

  it('validates a handler, and says what to put where', async () => {
    const files = new Map<string, string>();
    const receiver = createServer((request, response) => {
      const file = files.get(request.url ?? '');
      response.writeHead(file === undefined ? 404 : 200).end(file);
    });
    receiver.listen(0, '127.0.0.1');
    await once(receiver, 'listening');
    const { id } = await create({ handler: `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook` });
    const before = await client.call('WebhookService/ValidateWebhook', { id });
    expect(before).toMatchObject({ validated: false, locations: [{ found: false, status: 404 }] });
    files.set(`/${String(before.file_name)}`, String(before.file_contents));
    const after = await client.call('WebhookService/ValidateWebhook', { id });
    expect(after).toMatchObject({ validated: true, locations: [{ found: true, status: 200 }] });
    expect((await client.call('WebhookService/GetWebhook', { id })).webhook.validated).toBe(true);
    receiver.close();
    receiver.closeAllConnections();
  });

  it('tests a handler, with the sample until it is validated, and with anything then', async () => {
    const receiver = await TestReceiver.start();
    const handler = receiver.at('/tested', (response) => response.writeHead(500, { 'x-mine': 'yes' }).end('oh no'));
    const { id } = await create({ handler });
    const test = (content: object = {}) => client.call('WebhookService/TestWebhook', { id, ...content });
    const sample = await test({ about: 'ABOUT_SUBPROFILE' });
    expect(sample).toMatchObject({
      ...{ outcome: 'OUTCOME_REFUSED', error: 'http_status', message: 'The receiver answered 500.' },
      ...{ remote_address: '127.0.0.1', request: { url: handler }, timing: { total_ms: expect.any(Number) } },
      response: { status: 500, body: Buffer.from('oh no'), body_truncated: false },
    });
    const body = { content: Buffer.from([0, 255]), content_type: 'text/plain' };
    for (const content of [{ event: { profile: 7 } }, { body }]) {
      const { code, details } = await client.failure('WebhookService/TestWebhook', { id, ...content });
      expect([code, details.ErrorInfo]).toMatchObject([
        status.FAILED_PRECONDITION,
        { reason: 'handler_not_validated' },
      ]);
    }
    await database.query('UPDATE config.webhooks SET validated = true, validated_at = now() WHERE id = $1', [id]);
    await test({ event: { data_json: '{"ip":"2001:db8::7","useragent":null}', profile: 7, mailing: 0 } });
    await test({ body });
    const [first, second, third] = receiver.of('/tested');
    const { headers } = sample.request as { headers: { name: string; value: string }[] };
    expect(headers).toContainEqual({ name: 'Signature', value: first?.headers.signature });
    expect(new URLSearchParams(first?.body.toString()).get('subprofile')).toBe('456');
    const form = new URLSearchParams(second?.body.toString());
    expect(['profile', 'mailing', 'ip', 'useragent'].map((name) => form.get(name))).toEqual([
      ...['7', null, '2001:db8::7', null],
    ]);
    expect([third?.body, third?.headers['content-type']]).toEqual([body.content, 'text/plain']);
    const wrong = await client.failure('WebhookService/TestWebhook', { id, event: { data_json: '{"ip":"x"}' } });
    expect([wrong.code, wrong.details.BadRequest]).toMatchObject([
      ...[status.INVALID_ARGUMENT, { field_violations: [{ field: 'data.ip' }] }],
    ]);
    receiver.stop();
  });

  it('given a deadline, then a test that takes longer ends with it', async () => {
    const receiver = await TestReceiver.start();
    const ended = Promise.withResolvers<true>();
    const handler = receiver.at('/slow', (response) =>
      response.on('close', () => {
        ended.resolve(true);
      }),
    );
    const { id } = await create({ handler });
    const deadline = Date.now() + 3_000;
    const failure = await client.failure('WebhookService/TestWebhook', { id }, { deadline });
    expect(failure.code).toBe(status.DEADLINE_EXCEEDED);
    expect(await ended.promise).toBe(true);
    expect(receiver.of('/slow')).toHaveLength(1);
    receiver.stop();
  });

  it('ends a watch when its token is taken away', async () => {
    const token = await addToken(['webhooks:read']);
    const watcher = new Watcher(connect(address, token));
    await until(() => (watcher.told.includes('synced') ? true : undefined), 'the present state');
    const snapshot = { kind: 'account', version: 2, id: ACCOUNT, name: 'n', tokens: [], copernicaId: 'c' };
    await database.query('DELETE FROM config.api_tokens WHERE hash = $1', [hashToken(token)]);
    await database.query('INSERT INTO config.outbox (key, snapshot, version) VALUES ($1, $2, 2)', [
      ...[`account/${ACCOUNT}`, JSON.stringify(snapshot)],
    ]);
    expect(await watcher.ended).toMatchObject({ code: status.UNAUTHENTICATED });
  });

  it('says that it serves, for each service, and nothing of one that it does not know', async () => {
    const check = (name: string) => client.call('grpc.health.v1.Health/Check', { service: name });
    expect(await check('')).toEqual({ status: 'SERVING' });
    expect(await check('postduif.config.v1.WebhookService')).toEqual({ status: 'SERVING' });
    expect((await client.failure('grpc.health.v1.Health/Check', { service: 'x' })).code).toBe(status.NOT_FOUND);
    const { statuses } = await client.call('grpc.health.v1.Health/List');
    expect(Object.keys(statuses as object)).toHaveLength(4);
  });

  it('when it stops, ends watches, and another instance goes on with them from the known versions', async () => {
    const authority = readFileSync(fixture('authority.crt'));
    const [, bound] = await start({
      GRPC_TLS_CERT: fixture('server.crt').pathname,
      GRPC_TLS_KEY: fixture('server.key').pathname,
      GRPC_TLS_CLIENT_CA: fixture('authority.crt').pathname,
    });
    const otherAddress = bound.replace('127.0.0.1', 'localhost');
    const stays = await create();
    const changes = await create();
    const goes = await create();
    const watcher = new Watcher(client);
    const health = client.stream('grpc.health.v1.Health/Watch');
    const states: object[] = [];
    health.on('data', (state: object) => states.push(state));
    await until(() => (watcher.told.includes('synced') && states.length > 0 ? true : undefined), 'the present state');
    expect(watcher.told).toContain(`changed ${changes.id} v1`);
    await client.call('WebhookService/UpdateWebhook', { webhook: { id: changes.id, rate: 1 } });
    await until(() => (watcher.told.at(-1) === `changed ${changes.id} v2` ? true : undefined), 'the change');

    const stopped = service.stop();
    expect(await watcher.ended).toMatchObject({
      code: status.UNAVAILABLE,
      details: { ErrorInfo: { reason: 'not_ready' } },
    });
    expect(await stopped).toBe(0);
    expect(states).toEqual([{ status: 'SERVING' }, { status: 'NOT_SERVING' }]);

    const [cert, key] = [readFileSync(fixture('client.crt')), readFileSync(fixture('client.key'))];
    const trusted = connect(otherAddress, shared.BOOTSTRAP_TOKEN, credentials.createSsl(authority, key, cert));
    await trusted.call('WebhookService/DeleteWebhook', { id: goes.id });
    await trusted.call('WebhookService/UpdateWebhook', { webhook: { id: changes.id, rate: 2 } });
    const known = { [stays.id]: 1, [changes.id]: 2, [goes.id]: 1 };
    const again = new Watcher(trusted, known);
    await until(() => (again.told.includes('synced') ? true : undefined), 'the present state');
    const ours = again.told.filter((event) => Object.keys(known).some((id) => event.split(' ')[1] === id));
    expect(ours).toEqual([`changed ${changes.id} v3`, `deleted ${goes.id}`]);
    await trusted.call('WebhookService/DeleteWebhook', { id: stays.id });
    await until(() => (again.told.at(-1) === `deleted ${stays.id}` ? true : undefined), 'the deletion');
    again.cancel();

    const untrusted = connect(otherAddress, shared.BOOTSTRAP_TOKEN, credentials.createSsl(authority));
    const plain = connect(otherAddress, shared.BOOTSTRAP_TOKEN);
    for (const refused of [untrusted, plain])
      expect((await refused.failure('AccountService/ListAccounts')).code).toBe(status.UNAVAILABLE);
  });
});
