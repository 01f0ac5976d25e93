import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Access } from '@postduif/access';
import { AddressGuard, OutboundSender, parseAllowList } from '@postduif/outbound';
import { parseDnsRecord, parseEncryptionKeys, verifyRequest } from '@postduif/signing';
import { AccountStore } from '../accounts/account-store.js';
import type { Database } from '../database/database.js';
import { expectedRecord } from '../signing-keys/key-view.js';
import { rotationPolicy } from '../signing-keys/rotation-policy.js';
import { SigningKeyStore } from '../signing-keys/signing-key-store.js';
import { openDatabase, silent, TestDatabase } from '../testing/test-database.js';
import { TrustedHosts } from '../webhooks/trusted-hosts.js';
import { toSnapshot } from '../webhooks/webhook.js';
import type { Webhook } from '../webhooks/webhook.js';
import { Webhooks } from '../webhooks/webhooks.js';
import { HandlerValidation } from './handler-validation.js';
import { ConsentCallback } from './consent-callback.js';
import { Handshake } from './handshake.js';
import { MAX_FILE_BYTES } from './verification-file.js';

jest.setTimeout(30_000);

const ORIGIN = 'webhooks.example';
const CALLER: Access = { account: '1', token: 't', scopes: ['webhooks:write'] };

function senderWith(allow: string): OutboundSender {
  return new OutboundSender({
    guard: new AddressGuard({ allow: parseAllowList(allow) }),
    maxResponseBytes: MAX_FILE_BYTES,
    keptResponseBytes: MAX_FILE_BYTES,
  });
}

describe('validating a handler by its file', () => {
  const encryptionKeys = parseEncryptionKeys(randomBytes(32).toString('base64'));
  const asked: IncomingMessage[] = [];
  let answer: (path: string, response: ServerResponse) => void;
  const receiver = createServer((request, response) => {
    asked.push(request);
    answer(request.url ?? '', response);
  });
  const sender = senderWith('127.0.0.1');
  let test: TestDatabase;
  let database: Database;
  let webhooks: Webhooks;
  let accounts: AccountStore;
  let keys: SigningKeyStore;
  let origin = '';

  beforeAll(async () => {
    receiver.listen(0, '127.0.0.1');
    await once(receiver, 'listening');
    origin = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
    test = await TestDatabase.create();
    database = await openDatabase(test.url);
    accounts = new AccountStore(database);
    keys = new SigningKeyStore(database, encryptionKeys);
    webhooks = new Webhooks(database, encryptionKeys, new TrustedHosts([]), silent, ORIGIN);
    await accounts.bootstrap({ account: '1', name: 'one', token: 'pd_a-token' });
    const policy = rotationPolicy({ dnsCheck: 'off', rotationDays: 30, waitHours: 48 });
    await keys.advance(null, 'example.org', { now: new Date(), policy, checks: new Map() });
  });
  afterAll(async () => {
    await sender.close();
    receiver.close();
    await database.close();
    await test.drop();
  });
  beforeEach(() => {
    asked.length = 0;
    answer = (_path, response) => response.writeHead(404).end('not here');
  });

  const validate = (id: string, by = sender) =>
    new HandlerValidation(webhooks, accounts, keys, by, new Handshake(by, ORIGIN, () => undefined)).validate(
      CALLER,
      id,
    );
  const create = (path = '/dir/hook.php?x=%2F') =>
    webhooks.create(CALLER, { handler: origin + path, trigger: 'click' });
  const isValidated = async ({ id }: Webhook) => (await webhooks.get(CALLER, id)).validated;
  const asPaths = () => asked.map(({ method, url }) => `${method ?? ''} ${url ?? ''}`);

  it.each([
    ['beside the script', '/dir/', 1],
    ['at the root', '/', 2],
  ])('given the file %s, finds it there and notes it', async (_where, directory, looks) => {
    const webhook = await create();
    const { name, line } = webhook.verification;
    answer = (path, response) => {
      if (path === directory + name) response.end(`\ufeff${line}\r\n`);
      else response.writeHead(404).end('not here');
    };
    const report = await validate(webhook.id);
    expect(asPaths()).toEqual([`GET /dir/${name}`, `GET /${name}`].slice(0, looks));
    expect(report.validated).toBe(true);
    expect(report.locations.at(-1)).toMatchObject({ url: origin + directory + name, found: true, status: 200 });
    expect(await isValidated(webhook)).toBe(true);
    // The file may go away afterwards.
    answer = (_path, response) => response.writeHead(404).end();
    expect((await validate(webhook.id)).validated).toBe(true);
  });

  it('given a handler at the root, asks once', async () => {
    const { id, verification } = await create('/hook');
    await validate(id);
    expect(asPaths()).toEqual([`GET /${verification.name}`]);
  });

  it('signs what it asks for as any other request, with the digest of nothing', async () => {
    const webhook = await create('/hook');
    const [shown] = await keys.list();
    const key = parseDnsRecord(shown === undefined ? '' : expectedRecord(shown).value);
    await validate(webhook.id);
    const [request] = asked;
    const headers = Object.entries(request?.headers ?? {}).map(([name, value]) => [name, String(value)] as const);
    const verified = verifyRequest(
      { method: 'GET', target: request?.url ?? '', headers, body: new Uint8Array() },
      { now: new Date(), resolveKey: (keyId) => (keyId === shown?.keyId ? key : undefined) },
    );
    expect(await verified).toMatchObject({ copernicaId: 'account_1', keyId: shown?.keyId });
  });

  it.each([
    ['another line', 200, () => 'postduif-webhook-verification=another', { status: 200 }],
    ['the line among others', 200, (line: string) => `${line}\nmore`, { status: 200 }],
    ['the line with another status', 201, (line: string) => line, { status: 201 }],
    ['more than a kibibyte', 200, (line: string) => line + ' '.repeat(MAX_FILE_BYTES), { status: 200 }],
  ])('given %s, does not take it for the file, and reports what it found', async (_what, status, bodyFor, found) => {
    const webhook = await create('/hook');
    const body = bodyFor(webhook.verification.line);
    answer = (_path, response) => response.writeHead(status).end(body);
    const { validated, locations } = await validate(webhook.id);
    expect([validated, await isValidated(webhook)]).toEqual([false, false]);
    expect(locations).toEqual([
      { url: `${origin}/${webhook.verification.name}`, found: false, body: body.slice(0, 100), ...found },
    ]);
  });

  it('given a redirect, does not follow it', async () => {
    const webhook = await create('/hook');
    const { name, line } = webhook.verification;
    answer = (path, response) => {
      if (path === '/elsewhere') response.end(line);
      else response.writeHead(302, { location: '/elsewhere' }).end();
    };
    expect(await validate(webhook.id)).toMatchObject({ validated: false, locations: [{ status: 302 }] });
    expect(asPaths()).toEqual([`GET /${name}`]);
  });

  it('given no answer, reports why, with a code and a sentence', async () => {
    const webhook = await create();
    answer = (_path, response) => response.destroy();
    const { validated, locations } = await validate(webhook.id);
    expect(validated).toBe(false);
    expect(locations).toHaveLength(2);
    for (const location of locations)
      expect(location).toMatchObject({
        found: false,
        error: 'connection_reset',
        message: expect.stringMatching(/^The server closed/),
      });
  });

  it('given an address that is not allowed, does not ask at all', async () => {
    const webhook = await create('/hook');
    const guarded = senderWith('');
    const { locations } = await validate(webhook.id, guarded);
    await guarded.close();
    expect(locations).toMatchObject([{ found: false, error: 'address_not_allowed' }]);
    expect(asked).toEqual([]);
  });

  it('given that the handler moves while its file is looked for, does not take the new one for validated', async () => {
    const webhook = await create('/hook');
    answer = (_path, response) => {
      const handler = `${origin}/other/hook`;
      void webhooks.change(CALLER, webhook.id, { handler }).then(() => response.end(webhook.verification.line));
    };
    expect((await validate(webhook.id)).validated).toBe(false);
    expect(await isValidated(webhook)).toBe(false);
  });

  it("given another account's webhook, says that there is none", async () => {
    const { id } = await create();
    const stranger = { ...CALLER, account: '2' };
    const handshake = new Handshake(sender, ORIGIN, () => undefined);
    const validation = new HandlerValidation(webhooks, accounts, keys, sender, handshake);
    await expect(validation.validate(stranger, id)).rejects.toMatchObject({ code: 'not_found' });
    expect(asked).toEqual([]);
  });

  describe('of CloudEvents by the handshake', () => {
    const createEvents = (given: object = {}) =>
      webhooks.create(CALLER, {
        handler: `${origin}/events?key=1`,
        trigger: 'order.paid',
        format: 'cloudevents',
        ...given,
      });
    /** OPTIONS is answered with these headers; there are no files. */
    const grant = (headers: Record<string, string>, status = 200): void => {
      answer = (_path, response) => {
        const asks = asked.at(-1)?.method === 'OPTIONS';
        response.writeHead(asks ? status : 404, asks ? headers : {}).end();
      };
    };
    const snapshotOf = async ({ id }: Webhook) => toSnapshot(await webhooks.get(CALLER, id));

    it('given a receiver that agrees, then it is validated without a file, and its rate is kept', async () => {
      const webhook = await createEvents({ rate: 2.5 });
      expect(webhook).toMatchObject({ validated: false, origin: ORIGIN });
      grant({ 'WebHook-Allowed-Origin': ORIGIN, 'WebHook-Allowed-Rate': '60' });
      expect(await validate(webhook.id)).toEqual({
        validated: true,
        handshake: {
          ...{ url: `${origin}/events?key=1`, origin: ORIGIN, granted: true, status: 200 },
          ...{ allowedOrigin: ORIGIN, allowedRate: 60 },
        },
        locations: [],
      });
      expect(asPaths()).toEqual(['OPTIONS /events?key=1']);
      expect(asked[0]?.headers).toMatchObject({ 'webhook-request-origin': ORIGIN, 'webhook-request-rate': '150' });
      expect(await snapshotOf(webhook)).toMatchObject({ validated: true, rate: 2.5, allowedRate: 60, origin: ORIGIN });
    });

    it('given a receiver that agrees to any rate, whatever its status, then there is no limit', async () => {
      const webhook = await createEvents();
      grant({ 'WebHook-Allowed-Origin': '*', 'WebHook-Allowed-Rate': '*' }, 405);
      expect(await validate(webhook.id)).toMatchObject({
        validated: true,
        handshake: { status: 405, allowedRate: null },
      });
      expect(asked[0]?.headers).not.toHaveProperty('webhook-request-rate');
      expect(await snapshotOf(webhook)).not.toHaveProperty('allowedRate');
    });

    it('given another rate later, then that counts; asked again with the same answer, nothing changes', async () => {
      const webhook = await createEvents();
      for (const rate of ['60', '30', '30']) {
        grant({ 'WebHook-Allowed-Origin': ORIGIN, 'WebHook-Allowed-Rate': rate });
        await validate(webhook.id);
      }
      expect(await snapshotOf(webhook)).toMatchObject({ version: 3, allowedRate: 30 });
    });

    it.each([
      ['no consent', {}, 'origin_missing'],
      ['the consent for another', { 'WebHook-Allowed-Origin': 'other.example' }, 'origin_mismatch'],
      ['a rate of nothing', { 'WebHook-Allowed-Origin': '*', 'WebHook-Allowed-Rate': '0' }, 'rate_malformed'],
      ['what browsers are answered', { 'Access-Control-Allow-Origin': '*', Allow: 'POST' }, 'origin_missing'],
    ])('given %s, then it is not validated, and why is said', async (_what, headers, error) => {
      const webhook = await createEvents();
      grant(headers);
      const { validated, handshake, locations } = await validate(webhook.id);
      expect([validated, await isValidated(webhook)]).toEqual([false, false]);
      expect(handshake).toMatchObject({ granted: false, status: 200, error, message: expect.any(String) });
      expect(locations).toHaveLength(1);
    });

    it('given no answer to OPTIONS, then the file still proves it', async () => {
      const webhook = await createEvents();
      const { name, line } = webhook.verification;
      answer = (path, response) => {
        if (path === `/${name}`) response.end(line);
        else response.destroy();
      };
      const { validated, handshake } = await validate(webhook.id);
      expect([validated, handshake?.granted, handshake?.error]).toEqual([true, false, 'connection_reset']);
    });

    it('given another format, then nobody is asked', async () => {
      const { id } = await create('/hook');
      expect(await validate(id)).not.toHaveProperty('handshake');
      expect(asPaths()).not.toContain('OPTIONS /hook');
    });

    it('given that the handler or the format changes, then the consent is gone, and with anything else it stays', async () => {
      const webhook = await createEvents();
      grant({ 'WebHook-Allowed-Origin': '*', 'WebHook-Allowed-Rate': '30' });
      await validate(webhook.id);
      await webhooks.change(CALLER, webhook.id, { concurrency: 3 });
      expect(await snapshotOf(webhook)).toMatchObject({ validated: true, allowedRate: 30 });
      await webhooks.applyTrust();
      expect(await isValidated(webhook)).toBe(true);
      await webhooks.change(CALLER, webhook.id, { handler: `${origin}/events?key=2` });
      expect(await snapshotOf(webhook)).not.toHaveProperty('allowedRate');
      expect(await isValidated(webhook)).toBe(false);
      await validate(webhook.id);
      await webhooks.change(CALLER, webhook.id, { format: 'json' });
      expect(await isValidated(webhook)).toBe(false);
      expect(await snapshotOf(webhook)).not.toHaveProperty('origin');
    });

    describe('later, at the callback', () => {
      let now = Date.UTC(2026, 0, 15);
      const DAY_MS = 86_400_000;
      const callback = (base: string | undefined) =>
        new ConsentCallback(encryptionKeys, webhooks, base, () => new Date(now));
      /** The key that the receiver was given. */
      const askFor = async (webhook: Webhook): Promise<string> => {
        const ours = callback('https://api.example');
        const handshake = new Handshake(sender, ORIGIN, (one) => ours.address(one, ORIGIN));
        await new HandlerValidation(webhooks, accounts, keys, sender, handshake).validate(CALLER, webhook.id);
        const address = new URL(String(asked[0]?.headers['webhook-request-callback']));
        expect(address.origin + address.pathname).toBe('https://api.example/v1/handshake');
        return address.searchParams.get('key') ?? '';
      };

      it('given a receiver that agrees with a rate, then it is validated', async () => {
        const webhook = await createEvents();
        const key = await askFor(webhook);
        expect(await isValidated(webhook)).toBe(false);
        await callback(undefined).agree(key, '90');
        expect(await snapshotOf(webhook)).toMatchObject({ validated: true, allowedRate: 90, origin: ORIGIN });
      });

      it('given no address of our own, then none is offered', async () => {
        expect(callback(undefined).address(await createEvents(), ORIGIN)).toBeUndefined();
      });

      it.each([
        ['a week later', () => Promise.resolve(void (now += 7 * DAY_MS))],
        [
          'after the handler has changed',
          ({ id }: Webhook) => webhooks.change(CALLER, id, { handler: `${origin}/other` }),
        ],
        ['after the format has changed', ({ id }: Webhook) => webhooks.change(CALLER, id, { format: 'json' })],
        ['after the webhook was deleted', ({ id }: Webhook) => webhooks.delete(CALLER, id)],
      ])('given the key %s, then nobody asks any more', async (_when, change) => {
        const webhook = await createEvents();
        const key = await askFor(webhook);
        await change(webhook);
        await expect(callback(undefined).agree(key, undefined)).rejects.toMatchObject({ code: 'not_found' });
      });

      it.each(['', 'v1.00000000.AAAA', 'nonsense'])('given the key %j, then it is none', async (key) => {
        await expect(callback(undefined).agree(key, undefined)).rejects.toMatchObject({ code: 'not_found' });
      });

      it('given a rate that is none, then it is refused, and nothing is agreed', async () => {
        const webhook = await createEvents();
        const key = await askFor(webhook);
        await expect(callback(undefined).agree(key, '0')).rejects.toMatchObject({ code: 'invalid_request' });
        expect(await isValidated(webhook)).toBe(false);
      });
    });
  });
});
