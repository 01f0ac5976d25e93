import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { SCOPES, topicNames } from '@postduif/contracts';
import type { CreatedToken, TokenView } from '@postduif/contracts';
import { createKafka, withAdmin } from '@postduif/kafka';
import { RunningService } from '../testing/running-service.js';
import { silent, TestDatabase } from '../testing/test-database.js';
import { until } from '../testing/until.js';

jest.setTimeout(60_000);

const prefix = `tokens-test-${randomBytes(6).toString('hex')}.`;
const { config, attempts, events } = topicNames(prefix);
const brokers = process.env.KAFKA_BROKERS ?? '';
const kafka = createKafka({ clientId: 'tokens-test', brokers: brokers.split(','), log: silent });

/** Needs the compiled service: it runs as it does in production. */
describe('tokens and JWTs', () => {
  const encryptionKey = randomBytes(32).toString('base64');
  let test: TestDatabase;
  let service: RunningService;

  const start = async () => {
    const started = new RunningService({
      ...{ DATABASE_URL: test.url, KAFKA_BROKERS: brokers, KAFKA_TOPIC_PREFIX: prefix, ENCRYPTION_KEY: encryptionKey },
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

  const as = (token: string, path: string, method = 'GET') =>
    fetch(service.base + path, { method, headers: { authorization: `Bearer ${token}` } });
  const make = async (given: object) => {
    const response = await service.call('POST', '/v1/tokens', JSON.stringify({ name: 'n', ...given }));
    expect(response.status).toBe(201);
    return (await response.json()) as CreatedToken;
  };
  const list = async () => (await (await service.call('GET', '/v1/tokens')).json()) as TokenView[];
  const authenticate = (body: URLSearchParams | string, headers: Record<string, string> = {}) =>
    fetch(`${service.base}/authenticate`, { method: 'POST', body, headers });
  const jwtOf = async (token: string) => {
    const response = await authenticate(new URLSearchParams({ access_token: token }));
    expect(response.status).toBe(200);
    return response.text();
  };

  it('makes a token that may do what it was made for, shows it once, and keeps its hash only', async () => {
    const response = await service.call(
      'POST',
      '/v1/tokens',
      JSON.stringify({ name: 'CRM', scopes: ['webhooks:read', 'webhooks:read'], expiresAt: '2999-01-01T00:00:00Z' }),
    );
    const made = (await response.json()) as CreatedToken;
    expect(response.headers.get('location')).toBe(`${service.base}/v1/tokens/${made.id}`);
    expect(made).toEqual({
      ...{ id: expect.any(String), name: 'CRM', scopes: ['webhooks:read'], createdAt: expect.any(String) },
      ...{ expiresAt: '2999-01-01T00:00:00.000Z', token: expect.stringMatching(/^pd_/) },
    });
    expect((await as(made.token, '/v4/webhooks')).status).toBe(200);
    expect((await as(made.token, '/v1/tokens')).status).toBe(403);
    const { token, ...view } = made;
    expect(await list()).toContainEqual(view);
    for (const table of ['api_tokens', 'accounts'])
      expect(JSON.stringify(await test.query(`SELECT * FROM config.${table}`))).not.toContain(token);
  });

  it('takes a token back, and with it its JWTs', async () => {
    const { id, token } = await make({ scopes: ['webhooks:read'] });
    const jwt = await jwtOf(token);
    for (const valid of [token, jwt]) expect((await as(valid, '/v4/webhooks')).status).toBe(200);
    expect((await service.call('DELETE', `/v1/tokens/${id}`)).status).toBe(204);
    for (const gone of [token, jwt]) expect((await as(gone, '/v4/webhooks')).status).toBe(400);
    expect((await list()).map((view) => view.id)).not.toContain(id);
    expect((await service.call('DELETE', `/v1/tokens/${id}`)).status).toBe(404);
    const odd = await service.call('DELETE', '/v1/tokens/a%00b');
    expect([odd.status, ((await odd.json()) as { code: string }).code]).toEqual([400, 'invalid_request']);
  });

  it('takes no token that has expired, nor its JWT', async () => {
    const { id, token } = await make({ scopes: ['webhooks:read'], expiresAt: '2999-01-01T00:00:00Z' });
    const jwt = await jwtOf(token);
    await test.query(`UPDATE config.api_tokens SET expires_at = now() WHERE id = $1`, [id]);
    for (const gone of [token, jwt]) expect((await as(gone, '/v4/webhooks')).status).toBe(400);
    expect((await authenticate(new URLSearchParams({ access_token: token }))).status).toBe(400);
  });

  it('gives a JWT for a token, as text, which opens /v4 and /v1 with the scopes of the token', async () => {
    const { token } = await make({ scopes: ['webhooks:read', 'account:read'] });
    const response = await authenticate(new URLSearchParams({ access_token: token }));
    const jwt = await response.text();
    expect(jwt).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
    expect(response.headers.get('cache-control')).toBe('no-store');
    const { iat, exp } = JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString()) as Record<
      string,
      number
    >;
    expect((exp ?? 0) - (iat ?? 0)).toBe(86_400);
    expect((await as(jwt, '/v4/webhooks')).status).toBe(200);
    expect((await as(jwt, '/v1/account')).status).toBe(200);
    expect((await as(jwt, '/v1/signing-keys')).status).toBe(403);
    const asJson = await authenticate(JSON.stringify({ access_token: token }), { 'content-type': 'application/json' });
    expect(asJson.status).toBe(200);
  });

  it.each([
    ['no token', new URLSearchParams()],
    ['a wrong token', new URLSearchParams({ access_token: 'pd_wrong-token' })],
    ['a list', new URLSearchParams('access_token[]=a')],
  ])('given %s, gives no JWT', async (_what, body) => {
    const response = await authenticate(body);
    expect([response.status, await response.json()]).toEqual([
      400,
      { error: { message: 'Invalid access token', code: 'unauthenticated' } },
    ]);
  });

  it('gives no JWT for a JWT: those end', async () => {
    const jwt = await jwtOf(service.token);
    expect((await authenticate(new URLSearchParams({ access_token: jwt }))).status).toBe(400);
  });

  it('given a JWT that somebody has changed, does not take it', async () => {
    const [header, payload, signature] = (await jwtOf(service.token)).split('.');
    const claims = JSON.parse(Buffer.from(payload ?? '', 'base64url').toString()) as object;
    const changed = Buffer.from(JSON.stringify({ ...claims, exp: 9_999_999_999 })).toString('base64url');
    const response = await as([header, changed, signature].join('.'), '/v4/webhooks');
    expect([response.status, await response.json()]).toEqual([
      400,
      { error: { message: 'Invalid access token', code: 'unauthenticated' } },
    ]);
  });

  it('given another instance of the service, takes its JWTs, and that one ours', async () => {
    const other = await start();
    const jwts = [await jwtOf(service.token)];
    const response = await fetch(`${other.base}/authenticate`, {
      method: 'POST',
      body: new URLSearchParams({ access_token: service.token }),
    });
    jwts.push(await response.text());
    for (const { base } of [service, other])
      for (const jwt of jwts)
        expect((await fetch(`${base}/v4/webhooks`, { headers: { authorization: `Bearer ${jwt}` } })).status).toBe(200);
    expect(await test.query('SELECT FROM config.jwt_keys')).toHaveLength(1);
    expect(JSON.stringify(await test.query('SELECT * FROM config.jwt_keys'))).not.toContain('PRIVATE KEY');
    expect(await other.stop()).toBe(0);
  });

  it('says whose token it is', async () => {
    const { token } = await make({ scopes: ['events:write'] });
    const response = await as(await jwtOf(token), '/v4/identity');
    expect([response.status, await response.json()]).toEqual([
      200,
      { id: '1234', ID: '1234', name: '1234', description: '', company: '' },
    ]);
  });

  it.each([
    [{ name: '', scopes: ['events:write'] }, 400],
    [{ name: 'n', scopes: [] }, 400],
    [{ name: 'n', scopes: ['everything'] }, 400],
    [{ name: 'n', scopes: ['events:write'], expiresAt: '2020-01-01T00:00:00Z' }, 400],
    [{ name: 'n', scopes: ['events:write'], expiresAt: 'tomorrow' }, 400],
    [{ name: 'n', scopes: ['events:write'], token: 'mine' }, 400],
  ])('given %j, makes no token', async (given, status) => {
    const response = await service.call('POST', '/v1/tokens', JSON.stringify(given));
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ code: 'invalid_request', errors: [expect.any(Object)] });
  });

  it('given a token that may make tokens, lets it give no more than it has', async () => {
    const { token } = await make({ scopes: ['tokens:write', 'events:read'] });
    const ask = (scopes: readonly string[]) =>
      fetch(`${service.base}/v1/tokens`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ name: 'n', scopes }),
      });
    expect((await ask(['events:read'])).status).toBe(201);
    const more = await ask([...SCOPES]);
    expect([more.status, await more.json()]).toEqual([
      403,
      expect.objectContaining({ code: 'forbidden', detail: expect.stringContaining('webhooks:write') }),
    ]);
  });
});
