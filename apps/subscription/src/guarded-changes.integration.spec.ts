import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { hashToken } from '@postduif/access';
import { topicNames } from '@postduif/contracts';
import type { AuditEntry, CreatedToken } from '@postduif/contracts';
import { createKafka, withAdmin } from '@postduif/kafka';
import { DescribedAnswers } from './api-description/testing/described-answers.js';
import { RunningService } from './testing/running-service.js';
import { silent, TestDatabase } from './testing/test-database.js';
import { until } from './testing/until.js';

jest.setTimeout(60_000);

const prefix = `guarded-test-${randomBytes(6).toString('hex')}.`;
const { config, attempts, events } = topicNames(prefix);
const brokers = process.env.KAFKA_BROKERS ?? '';
const kafka = createKafka({ clientId: 'guarded-test', brokers: brokers.split(','), log: silent });

type Headers = Readonly<Record<string, string>>;

/** Needs the compiled service: it runs as it does in production. */
describe('changes of the configuration', () => {
  const encryptionKey = randomBytes(32).toString('base64');
  let test: TestDatabase;
  let service: RunningService;

  const start = async (settings: Headers = {}) => {
    const started = new RunningService({
      ...{ DATABASE_URL: test.url, KAFKA_BROKERS: brokers, KAFKA_TOPIC_PREFIX: prefix, ENCRYPTION_KEY: encryptionKey },
      TRUSTED_HANDLER_HOSTS: 'trusted.example',
      ...settings,
    });
    await started.listens();
    await until(async () => ((await started.call('GET', '/ready')).ok ? true : undefined), 'readiness');
    return started;
  };

  beforeAll(async () => {
    test = await TestDatabase.create();
    service = await start();
  });
  afterAll(async () => {
    expect(await service.stop()).toBe(0);
    await withAdmin(kafka, (admin) => admin.deleteTopics({ topics: [config, attempts, events] }));
    await test.drop();
  });

  const call = (method: string, path: string, body?: object, headers: Headers = {}) =>
    fetch(service.base + path, {
      method,
      headers: { authorization: `Bearer ${service.token}`, 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  const json = async (response: Response) => (await response.json()) as Record<string, unknown>;
  const create = async (given: object = {}, headers: Headers = {}) => {
    const webhook = { handler: 'https://trusted.example/hook', trigger: 'click', ...given };
    return (await call('POST', '/v4/webhooks', webhook, headers)).headers.get('x-created') ?? '';
  };

  describe('are made only to the version that was read', () => {
    const tagOf = async (path: string) => (await call('GET', path)).headers.get('etag') ?? '';
    const made = async (path: string, body: object) => {
      const location = (await call('POST', path, body)).headers.get('location') ?? '';
      return location.slice(service.base.length);
    };

    it.each([
      [
        'a webhook',
        () => made('/v4/webhooks', { handler: 'https://a.example/', trigger: 'open' }),
        { trigger: 'click' },
      ],
      ['a database', () => made('/v4/databases', { name: 'Klanten' }), { name: 'Customers' }],
      ['a collection', () => made('/v4/database/1/collections', { name: 'Orders' }), { name: 'Bestellingen' }],
      ['a field', () => made('/v4/database/1/fields', { name: 'mail' }), { name: 'email' }],
      ['an interest', () => made('/v4/database/1/interests', { name: 'blue' }), { group: 'colours' }],
    ])('%s, on /v4', async (_what, make, change) => {
      await call('PUT', '/v4/databases', { ID: 1, name: 'One' });
      const path = await make();
      const tag = await tagOf(path);
      expect(tag).toMatch(/^"[^"]+"$/);
      expect((await call('PUT', path, change, { 'if-match': tag })).status).toBe(204);
      const late = await call('PUT', path, change, { 'if-match': tag });
      expect([late.status, await json(late)]).toEqual([
        412,
        { error: { message: expect.stringContaining('changed since'), code: 'version_mismatch' } },
      ]);
      expect(await tagOf(path)).not.toBe(tag);
      expect((await call('PUT', path, change)).status).toBe(204);
      expect((await call('PUT', path, change, { 'if-match': '*' })).status).toBe(204);
      expect((await call('PUT', path, change, { 'if-none-match': '*' })).status).toBe(412);
      const known = await tagOf(path);
      const same = await call('GET', path, undefined, { 'if-none-match': `"0", W/${known}` });
      expect([same.status, same.headers.get('etag'), await same.text()]).toEqual([304, known, '']);
      expect((await call('GET', path, undefined, { 'if-none-match': tag })).status).toBe(200);
    });

    it('an event type, also when it is not there', async () => {
      const path = '/v1/event-types/guarded.type';
      const put = async (headers: Headers) => (await call('PUT', path, {}, headers)).status;
      expect(await put({ 'if-match': '*' })).toBe(412);
      expect(await put({ 'if-none-match': '*' })).toBe(201);
      expect(await put({ 'if-none-match': '*' })).toBe(412);
      expect(await put({ 'if-match': await tagOf(path) })).toBe(200);
      expect((await call('GET', path, undefined, { 'if-none-match': '*' })).status).toBe(304);
      expect((await call('DELETE', path, undefined, { 'if-match': await tagOf(path) })).status).toBe(204);
      expect((await call('DELETE', path, undefined, { 'if-match': '*' })).status).toBe(404);
    });

    it('the account', async () => {
      const tag = await tagOf('/v1/account');
      expect((await call('PUT', '/v1/account', { name: 'One' }, { 'if-match': tag })).status).toBe(200);
      const late = await call('PUT', '/v1/account', { name: 'Two' }, { 'if-match': tag });
      expect([late.status, await json(late)]).toMatchObject([412, { code: 'version_mismatch' }]);
      expect(await json(await call('GET', '/v1/account'))).toMatchObject({ name: 'One' });
    });

    it('also when they are deleted', async () => {
      const webhook = await made('/v4/webhooks', { handler: 'https://a.example/', trigger: 'open' });
      const domain = await made('/v1/domains', { domain: 'shop.example' });
      const { id } = (await json(
        await call('POST', '/v1/tokens', { name: 'n', scopes: ['events:write'] }),
      )) as unknown as CreatedToken;
      for (const path of [webhook, domain, `/v1/tokens/${id}`]) {
        expect((await call('DELETE', path, undefined, { 'if-match': '"other"' })).status).toBe(412);
        expect((await call('GET', path, undefined, { 'if-none-match': await tagOf(path) })).status).toBe(304);
        expect((await call('DELETE', path, undefined, { 'if-match': await tagOf(path) })).status).toBe(204);
      }
    });

    it('also when a handler is validated or a secret rotated', async () => {
      const id = await create({ trigger: 'order.paid' });
      for (const path of [`/v4/webhook/${id}/validate`, `/v1/webhooks/${id}/secret/rotate`]) {
        const tag = await tagOf(`/v4/webhook/${id}`);
        expect((await call('POST', path, {}, { 'if-match': '"other"' })).status).toBe(412);
        expect(await tagOf(`/v4/webhook/${id}`)).toBe(tag);
        expect((await call('POST', path, {}, { 'if-match': tag })).status).toBe(200);
      }
    });

    it('given a domain that came again, not to the new one', async () => {
      const path = await made('/v1/domains', { domain: 'again.example' });
      const tag = await tagOf(path);
      await call('DELETE', path);
      await made('/v1/domains', { domain: 'again.example' });
      expect((await call('DELETE', path, undefined, { 'if-match': tag })).status).toBe(412);
    });

    it('given no entity tag, says what it has to be', async () => {
      const wrong = await call('PUT', '/v1/account', {}, { 'if-match': '3' });
      expect([wrong.status, await json(wrong)]).toMatchObject([400, { code: 'invalid_request' }]);
      expect((await call('GET', '/v1/account', undefined, { 'if-none-match': '3' })).status).toBe(400);
    });
  });

  describe('with an Idempotency-Key', () => {
    it('are made once, and answered alike, whatever is made', async () => {
      await call('PUT', '/v4/databases', { ID: 1, name: 'One' });
      for (const [path, body, status] of [
        ['/v4/webhooks', { handler: 'https://a.example/', trigger: 'bounce' }, 201],
        ['/v1/tokens', { name: 'n', scopes: ['events:write'] }, 201],
        ['/v1/domains', { domain: 'once.example' }, 201],
        ['/v4/databases', { name: 'Once' }, 201],
        ['/v4/database/1/interests', { name: 'once' }, 201],
      ] as const) {
        const headers = { 'idempotency-key': randomUUID() };
        const first = await call('POST', path, body, headers);
        const again = await call('POST', path, body, headers);
        expect([first.status, again.status, again.headers.get('idempotency-replayed')]).toEqual([
          status,
          status,
          'true',
        ]);
        for (const name of ['location', 'x-created', 'x-location', 'content-type', 'cache-control'])
          expect([name, again.headers.get(name)]).toEqual([name, first.headers.get(name)]);
        expect(await again.text()).toBe(await first.text());
      }
      expect(await json(await call('GET', '/v4/webhooks?trigger=bounce'))).toMatchObject({ total: 1 });
    });

    it('given many at once, are made once', async () => {
      const headers = { 'idempotency-key': '"same"' };
      const body = { handler: 'https://a.example/', trigger: 'failure' };
      const answers = await Promise.all(Array.from({ length: 8 }, () => call('POST', '/v4/webhooks', body, headers)));
      const statuses = answers.map(({ status }) => status);
      expect(statuses).toContain(201);
      expect(statuses.filter((status) => status !== 201 && status !== 409)).toEqual([]);
      expect(await json(await call('GET', '/v4/webhooks?trigger=failure'))).toMatchObject({ total: 1 });
    });

    it('given another request with it, or a key that is none, are refused', async () => {
      const headers = { 'idempotency-key': 'k-1' };
      expect((await call('POST', '/v1/domains', { domain: 'one.example' }, headers)).status).toBe(201);
      const other = await call('POST', '/v1/domains', { domain: 'two.example' }, headers);
      expect([other.status, await json(other)]).toMatchObject([422, { code: 'idempotency_key_reused' }]);
      const compatible = await call('POST', '/v4/databases', { name: 'x' }, headers);
      expect([compatible.status, await json(compatible)]).toMatchObject([
        422,
        { error: { code: 'idempotency_key_reused' } },
      ]);
      const odd = await call('POST', '/v1/domains', { domain: 'two.example' }, { 'idempotency-key': 'a b' });
      expect([odd.status, await json(odd)]).toMatchObject([400, { code: 'invalid_request' }]);
    });

    it('given that the first was refused, may be corrected', async () => {
      const headers = { 'idempotency-key': 'k-2' };
      expect((await call('POST', '/v1/domains', { domain: 'co.uk' }, headers)).status).toBe(400);
      expect((await call('POST', '/v1/domains', { domain: 'right.example' }, headers)).status).toBe(201);
    });

    it('given the same request of another token, ask what that one may, and show it nothing', async () => {
      const { token } = (await (
        await call('POST', '/v1/tokens', { name: 'weak', scopes: ['webhooks:read'] })
      ).json()) as CreatedToken;
      const headers = { 'idempotency-key': 'k-4' };
      const body = { name: 'strong', scopes: ['tokens:write'] };
      expect((await call('POST', '/v1/tokens', body, headers)).status).toBe(201);
      const stolen = await call('POST', '/v1/tokens', body, { ...headers, authorization: `Bearer ${token}` });
      expect([stolen.status, await json(stolen)]).toMatchObject([403, { code: 'forbidden' }]);
    });

    it('keep the text of a token only sealed', async () => {
      const headers = { 'idempotency-key': 'k-3' };
      const made = await call('POST', '/v1/tokens', { name: 'n', scopes: ['events:write'] }, headers);
      const { token } = (await made.json()) as CreatedToken;
      const stored = JSON.stringify(await test.query('SELECT * FROM config.idempotency_keys'));
      expect(stored).not.toContain(token);
    });
  });

  describe('are on record', () => {
    const audit = async (query: string) =>
      (await json(await call('GET', `/v1/audit?${query}`))) as { data: AuditEntry[]; next: string | null };

    it('with who made them, in which request, and how it was before and after', async () => {
      const id = await create({ trigger: 'abuse' }, { 'x-request-id': 'made-by-me' });
      await call('PUT', `/v4/webhook/${id}`, { trigger: 'open' });
      await call('DELETE', `/v4/webhook/${id}`);
      const { data } = await audit(`entity=webhook&id=${id}`);
      const [own] = await test.query<{ id: string }>('SELECT id FROM config.api_tokens WHERE hash = $1', [
        hashToken(service.token),
      ]);
      const actor = { channel: 'rest', token: own?.id, credential: 'token' };
      expect(data).toMatchObject([
        { action: 'deleted', actor, before: { trigger: 'open' }, after: null },
        { action: 'changed', actor, before: { trigger: 'abuse', version: 1 }, after: { trigger: 'open', version: 2 } },
        { action: 'created', actor, before: null, after: { ID: id, trigger: 'abuse' }, request: 'made-by-me' },
      ]);
      expect((await audit(`actor=${own?.id ?? ''}&limit=1`)).data).toHaveLength(1);
    });

    it('with until when old secrets sign, and without these, when a secret is rotated', async () => {
      const id = await create({ trigger: 'invoice.paid' });
      await call('POST', `/v1/webhooks/${id}/secret/rotate`, { overlap: 3_600 });
      const secrets = await json(await call('GET', `/v1/webhooks/${id}/secret`));
      const [rotation] = (await audit(`entity=webhook&id=${id}`)).data;
      const [{ until }] = secrets.previous as [{ until: string }];
      expect(rotation).toMatchObject({
        action: 'secret_rotated',
        before: { version: 1, previousSecretsUntil: [] },
        after: { version: 2, previousSecretsUntil: [until] },
      });
      expect(JSON.stringify(rotation)).not.toContain(secrets.secret);
    });

    it('of everything that can be changed', async () => {
      await call('PUT', '/v1/account', { name: 'Renamed' });
      const { id, token } = (await json(
        await call('POST', '/v1/tokens', { name: 'n', scopes: ['domains:write'] }),
      )) as unknown as CreatedToken;
      const jwt = await (
        await fetch(`${service.base}/authenticate`, {
          method: 'POST',
          body: new URLSearchParams({ access_token: token }),
        })
      ).text();
      await call('POST', '/v1/domains', { domain: 'audited.example' }, { authorization: `Bearer ${jwt}` });
      await call('DELETE', `/v1/tokens/${id}`);
      await call('DELETE', '/v1/domains/audited.example');
      await call('PUT', '/v4/databases', { ID: 77, name: 'Audited' });
      const of = async (query: string) =>
        (await audit(query)).data.map(({ action, actor }) => [action, actor.credential]);
      expect((await of('entity=account'))[0]).toEqual(['changed', 'token']);
      expect(await of(`entity=token&id=${id}`)).toEqual([
        ['deleted', 'token'],
        ['created', 'token'],
      ]);
      expect(await of('entity=domain&id=audited.example')).toEqual([
        ['deleted', 'token'],
        ['created', 'jwt'],
      ]);
      expect(await of('entity=database&id=77')).toEqual([['created', 'token']]);
      expect((await audit('actor=system')).data).toContainEqual(
        expect.objectContaining({ entity: 'account', entityId: '1234', action: 'created' }),
      );
    });

    it('without secrets, tokens or their hashes', async () => {
      const id = await create({ trigger: 'invoice.paid' });
      const { secret } = (await json(await call('GET', `/v1/webhooks/${id}/secret`))) as { secret: string };
      const { token } = (await json(
        await call('POST', '/v1/tokens', { name: 'n', scopes: ['events:write'] }),
      )) as unknown as CreatedToken;
      const rows = JSON.stringify(await test.query('SELECT * FROM config.audit'));
      const sealed = await test.query<{ secrets: string[] }>('SELECT secrets FROM config.webhooks WHERE id = $1', [id]);
      for (const hidden of [secret, token, hashToken(token), ...(sealed[0]?.secrets ?? [])]) {
        expect(hidden).not.toBe('');
        expect(rows).not.toContain(hidden);
      }
    });

    it('for those who may see it', async () => {
      const { token } = (await json(
        await call('POST', '/v1/tokens', { name: 'n', scopes: ['account:read'] }),
      )) as unknown as CreatedToken;
      const refused = await call('GET', '/v1/audit', undefined, { authorization: `Bearer ${token}` });
      expect([refused.status, await json(refused)]).toMatchObject([403, { code: 'forbidden' }]);
      const odd = await call('GET', '/v1/audit?colour=red');
      expect([odd.status, await json(odd)]).toMatchObject([400, { errors: [{ path: 'colour' }] }]);
    });
  });

  describe('given too many requests', () => {
    let limited: RunningService;
    beforeAll(async () => {
      limited = await start({ API_RATE_LIMIT: '1', API_RATE_BURST: '1' });
    });
    afterAll(async () => {
      expect(await limited.stop()).toBe(0);
    });
    const untilRefused = (path: string, headers: Headers) =>
      until(async () => {
        const answer = await fetch(limited.base + path, { headers });
        return answer.status === 429 ? answer : undefined;
      }, 'the limit');

    it.each([
      ['/v1/account', { code: 'rate_limited', status: 429 }],
      ['/v4/identity', { error: { code: 'rate_limited' } }],
    ])('refuses those of a token, at %s in its own form', async (path, body) => {
      const answer = await untilRefused(path, { authorization: `Bearer ${limited.token}` });
      expect([answer.headers.get('retry-after'), answer.headers.get('ratelimit-policy')]).toEqual([
        '1',
        '"second";q=1;w=1, "burst";q=1;w=60',
      ]);
      expect(await json(answer)).toMatchObject(body);
    });

    it('refuses those of an address, with a wrong token and with none', async () => {
      for (const headers of [{ authorization: 'Bearer pd_wrong-token' }, {}] as Headers[])
        expect(await json(await untilRefused('/v1/account', headers))).toMatchObject({ code: 'rate_limited' });
    });
  });

  it('and what is read are answered as the document says', async () => {
    const document = await json(await call('GET', '/v1/openapi.json'));
    const answers = new DescribedAnswers(document as never);
    const id = await create({ trigger: 'described.type' });
    const { id: token } = (await json(
      await call('POST', '/v1/tokens', { name: 'n', scopes: ['events:write'] }),
    )) as unknown as CreatedToken;
    await call('POST', '/v1/domains', { domain: 'described.example' });
    await call('PUT', '/v4/databases', { ID: 5, name: 'Five' });
    for (const path of ['collections', 'interests', 'fields'])
      await call('POST', `/v4/database/5/${path}`, { name: 'described' });
    const asked: readonly (readonly [string, string, (string | undefined)?, object?])[] = [
      ['GET', '/'],
      ['GET', '/v1/account'],
      ['PUT', '/v1/account', undefined, { name: 'Described' }],
      ['PUT', '/v1/account', undefined, { unknown: 1 }],
      ['GET', '/v1/tokens'],
      ['GET', '/v1/tokens/{id}', `/v1/tokens/${token}`],
      ['GET', '/v1/tokens/{id}', '/v1/tokens/absent'],
      ['POST', '/v1/tokens', undefined, { name: 'n', scopes: ['events:write'] }],
      ['GET', '/v1/domains'],
      ['GET', '/v1/domains/{domain}', '/v1/domains/described.example'],
      ['POST', '/v1/domains/{domain}/validate', '/v1/domains/described.example/validate'],
      ['GET', '/v1/signing-keys'],
      ['POST', '/v1/signing-keys', undefined, { domain: 'absent.example' }],
      ['GET', '/v1/audit'],
      ['GET', '/v1/webhooks/{id}/secret', `/v1/webhooks/${id}/secret`],
      ['GET', '/v1/attempts'],
      ['GET', '/v1/webhooks/advice', '/v1/webhooks/advice?trigger=click'],
      ['POST', '/v1/webhooks/check', undefined, { trigger: 'described.type' }],
      ['POST', '/v4/webhook/{id}/test', `/v4/webhook/${id}/test`],
      ['GET', '/v4/webhook/{id}/sample', `/v4/webhook/${id}/sample`],
      ['GET', '/v1/asyncapi.json'],
      ['GET', '/docs'],
      ['GET', '/v4/identity'],
      ['GET', '/v4/webhooks'],
      ['POST', '/v4/webhooks', undefined, { handler: 'https://a.example', trigger: 'click' }],
      ['POST', '/v4/webhooks', undefined, {}],
      ['GET', '/v4/webhook/{id}', `/v4/webhook/${id}`],
      ['GET', '/v4/webhook/{id}', '/v4/webhook/0'],
      ['GET', '/v4/webhook/{id}/validation', `/v4/webhook/${id}/validation`],
      ['PUT', '/v4/webhook/{id}', `/v4/webhook/${id}`, { concurrency: 4 }],
      ['GET', '/v4/databases'],
      ['GET', '/v4/database/{id}', '/v4/database/5'],
      ['GET', '/v4/database/{id}/collections', '/v4/database/5/collections'],
      ['GET', '/v4/database/{id}/interests', '/v4/database/5/interests'],
      ['GET', '/v4/database/{database}/fields', '/v4/database/5/fields'],
      ['GET', '/v4/database/{id}/webhooks', '/v4/database/5/webhooks'],
      ['DELETE', '/v4/webhook/{id}', `/v4/webhook/${id}`],
    ];
    const differences: [string, string[]][] = [];
    for (const [method, path, address = path, body] of asked) {
      const found = await answers.differences(method, path, await call(method, address, body));
      if (found.length > 0) differences.push([`${method} ${address}`, found]);
    }
    expect(differences).toEqual([]);
  });
});
