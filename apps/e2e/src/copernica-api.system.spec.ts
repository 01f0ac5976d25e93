import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { hasPhp, PhpClient } from './testing/php-client.js';
import type { PhpAnswer, PhpCall } from './testing/php-client.js';
import { RunningSystem } from './testing/running-system.js';
import { until } from './testing/until.js';

jest.setTimeout(180_000);

const PUBLIC_URL = 'https://api.example.org';
const HANDLER = 'https://shop.example/hook.php';
const WEBHOOK = { handler: HANDLER, trigger: 'create' };
const found = hasPhp();

/** What answers of errors look like, whatever the reason. */
const refused = (message: string | RegExp) => ({
  status: 400,
  contentType: 'application/json',
  body: {
    error: {
      message: typeof message === 'string' ? message : expect.stringMatching(message),
      code: expect.any(String),
    },
  },
});
const seen = ({ status, headers, body }: PhpAnswer) => ({
  status,
  contentType: headers['content-type'],
  body: body === '' ? '' : (JSON.parse(body) as unknown),
});

(found ? describe : describe.skip)(
  found
    ? "Copernica's API, called from PHP"
    : "Copernica's API: NOT RUN, as there is no php here (apt-get install php-cli)",
  () => {
    let system: RunningSystem;
    let php: PhpClient;
    let token = '';

    beforeAll(async () => {
      system = await RunningSystem.start({ env: { subscription: { V4_QUERY_TOKEN: 'true', PUBLIC_URL } } });
      token = system.stack.credentials.token;
      php = new PhpClient(system.stack.credentials.api, token);
    });
    afterAll(async () => {
      php.stop();
      await system.stop();
    });

    const get = async (path: string, query: Record<string, string> = {}) => {
      const { returned } = await php.call({ method: 'GET', path, query });
      return returned as Record<string, unknown>;
    };
    const post = (path: string, data: object) => php.call({ method: 'POST', path, data });
    const created = async (path: string, data: object = WEBHOOK) => {
      const { returned } = await post(path, data);
      return returned as string;
    };

    describe.each(['v2', 'v3', 'v4'])('%s', (version) => {
      it('creates a webhook, and says which and where', async () => {
        const { status, headers, body, returned } = await post(`/${version}/webhooks`, {
          ...{ ...WEBHOOK, callers: ['ms', 'publisher'], database: 1 },
          unknown: 'is ignored',
        });
        const id = headers['x-created'] ?? '';
        const address = `${PUBLIC_URL}/${version}/webhook/${id}`;
        expect([status, body, returned]).toEqual([201, '', id]);
        expect(headers).toMatchObject({ 'x-location': address, location: address });
        expect(await get(`/${version}/webhook/${id}`)).toMatchObject({
          ...{ ID: id, handler: HANDLER, trigger: 'create', callers: ['ms', 'publisher'], database: '1' },
          ...{ collection: null, fields: null, validated: false },
        });
      });

      it('changes what is given, and answers as this version does', async () => {
        const path = `/${version}/webhook/${await created(`/${version}/webhooks`)}`;
        const { status, headers, body, returned } = await php.call({ method: 'PUT', path, data: { trigger: 'open' } });
        const redirect = version === 'v2' ? `${PUBLIC_URL}${path}` : undefined;
        expect([status, body, returned]).toEqual([version === 'v2' ? 303 : 204, '', true]);
        expect(headers.location).toBe(redirect);
        expect(await get(path)).toMatchObject({ handler: HANDLER, trigger: 'open' });
      });

      it('deletes a webhook, with the body that the class sends along, once', async () => {
        const id = await created(`/${version}/webhooks`);
        const removal: PhpCall = { method: 'DELETE', path: `/${version}/webhook/${id}`, data: [] };
        const { status, headers, body, returned } = await php.call(removal);
        expect([status, headers['x-deleted'], body, returned]).toEqual([204, `webhook ${id}`, '', true]);
        const again = await php.call(removal);
        expect([seen(again), again.returned]).toEqual([refused('No entity with supplied ID'), false]);
      });

      it('lists in pages', async () => {
        await created(`/${version}/webhooks`, { ...WEBHOOK, trigger: 'abuse' });
        const page = await get(`/${version}/webhooks`, { trigger: 'abuse', limit: '1' });
        expect(page).toMatchObject({
          start: 0,
          limit: 1,
          count: 1,
          total: expect.any(Number),
          data: [{ trigger: 'abuse' }],
        });
        expect(await get(`/${version}/webhooks`, { total: 'false', start: '100000' })).toEqual({
          ...{ start: 100_000, limit: 100, count: 0, data: [] },
        });
      });

      it('says whose token it is', async () => {
        expect(await get(`/${version}/identity`)).toMatchObject({ id: '1', ID: '1', name: '1' });
      });

      it('takes the token in the address and as a bearer, and no other', async () => {
        const path = `/${version}/webhooks`;
        const bearer = (value: string): PhpCall => ({
          ...{ method: 'GET', path, token: null },
          headers: [`Authorization: Bearer ${value}`],
        });
        expect((await php.call(bearer(token))).status).toBe(200);
        const wrong = [
          bearer('pd_wrong-token'),
          { method: 'GET', path, token: 'pd_wrong-token' },
          { method: 'GET', path, token: null },
        ];
        for (const call of wrong) expect(seen(await php.call(call))).toEqual(refused('Invalid access token'));
      });

      it.each<[Omit<PhpCall, 'path'> & { path: string }, string | RegExp]>([
        [{ method: 'GET', path: '/webhook/999999' }, 'No entity with supplied ID'],
        [{ method: 'GET', path: '/webhook/abc' }, 'No entity with supplied ID'],
        [{ method: 'PUT', path: '/webhook/999999', data: { trigger: 'open' } }, 'No entity with supplied ID'],
        [{ method: 'GET', path: '/webhook' }, "Invalid request, element 1 is missing in 'directory' path"],
        [{ method: 'GET', path: '/database/999999' }, 'No database with supplied ID'],
        [{ method: 'GET', path: '/database/999999/webhooks' }, 'No database with supplied ID'],
        [{ method: 'GET', path: '/collection/999999/webhooks' }, 'No collection with given ID'],
        [{ method: 'GET', path: '/Webhooks' }, 'Invalid method'],
        [{ method: 'DELETE', path: '/webhooks', data: [] }, 'Invalid method'],
        [{ method: 'POST', path: '/webhooks', data: {} }, /^Invalid data provided: /],
        [
          { method: 'POST', path: '/webhooks', data: { ...WEBHOOK, trigger: 'opened' } },
          /^Invalid data provided: trigger/,
        ],
        [
          { method: 'POST', path: '/webhooks', data: { ...WEBHOOK, handler: 'shop' } },
          /^Invalid data provided: handler/,
        ],
        [
          { method: 'POST', path: '/webhooks', data: { ...WEBHOOK, callers: ['me'] } },
          /^Invalid data provided: callers/,
        ],
        [
          { method: 'POST', path: '/webhooks', data: { ...WEBHOOK, database: 'x' } },
          /^Invalid data provided: database/,
        ],
        [{ method: 'GET', path: '/webhooks', query: { limit: '1001' } }, /^Invalid data provided: limit/],
        [
          { method: 'POST', path: '/webhooks', body: '{', headers: ['Content-Type: application/json'] },
          /^Invalid data provided: /,
        ],
        [
          { method: 'POST', path: '/webhooks', body: 'a', headers: ['Content-Type: text/plain'] },
          /^Invalid data provided: /,
        ],
      ])('answers 400 to %j', async (call, message) => {
        const answer = await php.call({ ...call, path: `/${version}${call.path}` });
        expect(seen(answer)).toEqual(refused(message));
        if (call.method !== 'GET') expect(answer.returned).toBe(false);
      });
    });

    it('takes forms as PHP writes them', async () => {
      const form = {
        ...WEBHOOK,
        trigger: 'update',
        callers: ['ms', 'rest'],
        database: 5,
        fields: ['Postal code', 'mail'],
      };
      const { headers } = await php.call({ method: 'POST', path: '/v4/webhooks', form });
      expect(await get(`/v4/webhook/${headers['x-created'] ?? ''}`)).toMatchObject({
        ...{ callers: ['ms', 'rest'], database: '5', fields: ['Postal code', 'mail'] },
      });
    });

    it('ignores what follows a complete path', async () => {
      const id = await created('/v4/webhooks');
      expect(await get(`/v4/webhook/${id}/and/more`)).toMatchObject({ ID: id });
    });

    it('knows databases, collections, fields and interests by name, and what applies to them', async () => {
      const database = await created('/v4/databases', { name: 'Klanten' });
      const collection = await created(`/v4/database/${database}/collections`, { name: 'Orders' });
      await created(`/v4/database/${database}/fields`, { name: 'mail', type: 'email' });
      await created(`/v4/database/${database}/interests`, { name: 'red', group: 'wine' });
      expect(await get(`/v4/database/${database}`)).toMatchObject({ ID: database, name: 'Klanten' });
      expect(await get(`/v4/database/${database}/fields`)).toMatchObject({ total: 1, data: [{ name: 'mail' }] });
      const webhook = await created('/v4/webhooks', { ...WEBHOOK, trigger: 'failure', collection: Number(collection) });
      const page = await get(`/v4/database/${database}/webhooks`, { trigger: 'failure' });
      expect(page).toMatchObject({ groups: { collection: 1 }, data: [{ ID: webhook, bound: 'collection' }] });
    });

    it('validates, shows what to put where, and enables', async () => {
      const id = await created('/v4/webhooks', { ...WEBHOOK, state: 'disabled' });
      expect(await get(`/v4/webhook/${id}/validation`)).toMatchObject({
        file: { name: expect.any(String) },
        validated: false,
      });
      expect((await php.call({ method: 'POST', path: `/v4/webhook/${id}/enable`, data: [] })).status).toBe(204);
      expect(await get(`/v4/webhook/${id}`)).toMatchObject({ state: 'enabled' });
    });

    it('trades a token for a JWT, which every service takes', async () => {
      const answer = await php.call({
        ...{ method: 'POST', path: '/authenticate', token: null },
        form: { access_token: token },
      });
      expect([answer.status, answer.body]).toEqual([200, expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/)]);
      const bearer = (call: PhpCall): PhpCall => ({
        ...call,
        ...{ token: null, headers: [`Authorization: Bearer ${answer.body}`] },
      });
      expect((await php.call(bearer({ method: 'GET', path: '/v4/webhooks' }))).status).toBe(200);
      // The services behind learn the key from Kafka.
      const event = bearer({ method: 'POST', path: '/v1/events', data: { type: 'invoice.paid', data: { amount: 5 } } });
      expect(await until(async () => (await php.call(event)).status === 202, 'event-ingest takes the JWT')).toBe(true);
      expect(
        await until(
          async () => (await php.call(bearer({ method: 'GET', path: '/v1/events' }))).status === 200,
          'history takes the JWT',
        ),
      ).toBe(true);
      const wrong = await php.call({
        method: 'POST',
        path: '/authenticate',
        token: null,
        form: { access_token: 'pd_no' },
      });
      expect(seen(wrong)).toEqual(refused('Invalid access token'));
    });

    it('gives out logfiles, at the addresses of Marketing Suite and of SMTPeter', async () => {
      const data = { message: 'm1', recipient: 'ann@example.com', ip: '203.0.113.9', original: 'https://a.example/' };
      const event = await system.post({ type: 'click', data });
      await system.history(event, () => true);
      const dates = (await php.call({ method: 'GET', path: '/v4/logfiles' })).returned as string[];
      const date = dates.at(-1) ?? '';
      const names = await php.call({ method: 'GET', path: '/v3/logfiles', query: { date, type: 'cdm-click' } });
      expect(names.returned).toEqual([`cdm-click.${date}.log`]);
      const json = await php.call({ method: 'GET', path: `/v2/logfile/cdm-click.${date}.log/json` });
      expect(json.returned).toEqual([expect.objectContaining({ id: 'm1', linkinfo: 'https://a.example/' })]);
      const csv = await php.call({
        method: 'GET',
        path: `/v4/logfile/cdm-click.${date}.log/csv`,
        query: { header: '1' },
      });
      expect(csv.body.split('\r\n')[0]).toMatch(/^id,senderdomain,time,linkinfo/);
      const older = await php.call({ method: 'GET', path: `/v1/logfiles/clicks.${date}.log` });
      expect(older.body).toMatch(/^m1,/);
      for (const path of [
        `/v4/logfile/nothing.${date}.log/csv`,
        '/v4/logfile/a/pdf',
        '/v1/logfiles/nothing',
        '/v4/logfiles?date=x',
      ])
        expect(seen(await php.call({ method: 'GET', path }))).toEqual(refused(/./));
    });

    it('refuses what came over plain HTTP to the proxy in front, and does not redirect it', async () => {
      const headers = ['X-Forwarded-Proto: http'];
      const answer = await php.call({ method: 'POST', path: '/v4/webhooks', data: WEBHOOK, headers });
      expect([seen(answer), answer.headers.location, answer.returned]).toEqual([
        refused(/https:\/\//),
        undefined,
        false,
      ]);
      const secure = await php.call({ method: 'GET', path: '/v4/webhooks', headers: ['X-Forwarded-Proto: https'] });
      expect(secure.status).toBe(200);
    });

    it("answers at SMTPeter's addresses, also by their old names, and leaves our own alone", async () => {
      for (const [one, many] of [
        ['webhook', 'webhooks'],
        ['feedbackloop', 'feedbackloops'],
      ]) {
        const { status, headers } = await post(`/v1/${one ?? ''}`, { ...WEBHOOK, trigger: 'bounce', format: 'json' });
        const id = headers['x-created'] ?? '';
        expect([status, headers['x-location']]).toEqual([201, `${PUBLIC_URL}/v1/webhook/${id}`]);
        expect(await get(`/v1/${one ?? ''}/${id}`)).toMatchObject({ ID: id, trigger: 'bounce' });
        expect(await get(`/v1/${many ?? ''}`, { trigger: 'bounce' })).toMatchObject({ count: 1, data: [{ ID: id }] });
        const headersOnly = [`Authorization: Bearer ${token}`];
        const secret = { method: 'GET', path: `/v1/webhooks/${id}/secret`, token: null };
        expect((await php.call({ ...secret, headers: headersOnly })).returned).toMatchObject({
          secret: expect.any(String),
        });
        expect((await php.call({ ...secret, token })).status).toBe(401);
        const path = `/v1/${one ?? ''}/${id}`;
        expect((await php.call({ method: 'PUT', path, data: { callers: ['ms'] } })).status).toBe(204);
        expect(await get(`${path}/validation`)).toMatchObject({ file: { name: expect.any(String) } });
        expect((await post(`${path}/validate`, {})).status).toBe(200);
        expect((await post(`${path}/enable`, {})).status).toBe(204);
        expect((await php.call({ method: 'DELETE', path, data: [] })).headers['x-deleted']).toBe(`webhook ${id}`);
        expect(seen(await php.call({ method: 'GET', path }))).toEqual(refused('No entity with supplied ID'));
      }
    });
  },
);
