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
import type { Webhook } from '../webhooks/webhook.js';
import { Webhooks } from '../webhooks/webhooks.js';
import { HandlerValidation } from './handler-validation.js';
import { MAX_FILE_BYTES } from './verification-file.js';

jest.setTimeout(30_000);

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
    webhooks = new Webhooks(database, encryptionKeys, new TrustedHosts([]), silent);
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
    new HandlerValidation(webhooks, accounts, keys, by).validate(CALLER, id);
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
    const validation = new HandlerValidation(webhooks, accounts, keys, sender);
    await expect(validation.validate(stranger, id)).rejects.toMatchObject({ code: 'not_found' });
    expect(asked).toEqual([]);
  });
});
