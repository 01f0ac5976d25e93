import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { parseEncryptionKeys } from '@postduif/signing';
import { pino } from 'pino';
import { AccountStore } from '../accounts/account-store.js';
import type { Database } from '../database/database.js';
import { TestNameServer } from '../dns/testing/name-server.js';
import { DnsTxtRecords } from '../dns/txt-records.js';
import { rotationPolicy } from '../signing-keys/rotation-policy.js';
import { SigningKeyStore } from '../signing-keys/signing-key-store.js';
import { SigningKeys } from '../signing-keys/signing-keys.js';
import { openDatabase, silent, TestDatabase } from '../testing/test-database.js';
import { TrustedHosts } from '../webhooks/trusted-hosts.js';
import { Webhooks } from '../webhooks/webhooks.js';
import { expectedRecord } from './domain-record.js';
import type { Domain } from './domain-rows.js';
import { Domains } from './domains.js';

jest.setTimeout(30_000);

const START = new Date('2026-01-15T10:20:30Z');
const HOUR_MS = 3_600_000;
interface Caller {
  readonly account: string;
  readonly token: string;
  readonly scopes: [];
}

const [ANN, BOB] = ['1', '2'].map((account) => ({ account, token: 't', scopes: [] })) as [Caller, Caller];

describe('validated domains', () => {
  const encryptionKeys = parseEncryptionKeys(randomBytes(32).toString('base64'));
  const warnings: string[] = [];
  const log = pino({ level: 'warn' }, { write: (line: string) => void warnings.push(line) });
  let test: TestDatabase;
  let database: Database;
  let server: TestNameServer;
  let webhooks: Webhooks;
  let store: SigningKeyStore;
  let domains: Domains;
  let keys: SigningKeys;
  let now = START;

  beforeAll(async () => {
    test = await TestDatabase.create();
    database = await openDatabase(test.url);
    server = await TestNameServer.start();
    webhooks = new Webhooks(database, encryptionKeys, new TrustedHosts(['trusted.example']), silent, 'us.example');
    store = new SigningKeyStore(database, encryptionKeys);
    const records = new DnsTxtRecords([server.address], { timeoutMs: 200 });
    const clock = () => now;
    domains = new Domains({ database, records, webhooks, keys: store, now: clock, log });
    const policy = rotationPolicy({ dnsCheck: 'off', rotationDays: 30, waitHours: 48 });
    keys = new SigningKeys(store, policy, clock, silent);
    const accounts = new AccountStore(database);
    for (const { account } of [ANN, BOB])
      await accounts.bootstrap({ account, name: account, token: `pd_token-${account}` });
  });
  afterAll(async () => {
    await server.stop();
    await database.close();
    await test.drop();
  });
  beforeEach(async () => {
    await test.query('TRUNCATE config.domains, config.webhooks, config.signing_keys, config.outbox');
    server.zone.clear();
    warnings.length = 0;
    now = START;
  });

  const publish = (domain: Domain, ...others: string[]) => {
    const { name, value } = expectedRecord(domain);
    server.publish(name, ...others, value);
  };
  const validated = async (caller: Caller, name: string): Promise<Domain> => {
    const { domain } = await domains.add(caller, name);
    publish(domain);
    return domains.validate(caller, name);
  };
  const webhookAt = (caller: Caller, handler: string) => webhooks.create(caller, { handler, trigger: 'click' });
  const callable = async (caller: Caller) =>
    (
      await webhooks.list({ account: caller.account, trigger: undefined }, { start: 0, limit: 9, total: false })
    ).webhooks
      .filter((webhook) => webhook.validated)
      .map(({ handler }) => handler);

  it('have a record of their own for each account, and keep it when they are added again', async () => {
    const [first, again, bobs] = [
      await domains.add(ANN, 'Shop.Example.'),
      await domains.add(ANN, 'shop.example'),
      await domains.add(BOB, 'shop.example'),
    ];
    expect([first.isNew, again.isNew, bobs.isNew]).toEqual([true, false, true]);
    expect(again.domain).toEqual(first.domain);
    expect(expectedRecord(first.domain)).toMatchObject({
      name: '_postduif-challenge.shop.example',
      value: expect.stringMatching(/^postduif-domain-verification=[0-9a-f]{32}$/),
    });
    expect(bobs.domain.token).not.toBe(first.domain.token);
    expect((await domains.list(ANN)).map(({ domain }) => domain)).toEqual(['shop.example']);
  });

  it('make handlers at them and below callable at once, those that there are and those that come', async () => {
    await webhookAt(ANN, 'https://shop.example/a');
    await webhookAt(ANN, 'https://hooks.eu.shop.example:8443/b');
    await webhookAt(ANN, 'https://notshop.example/c');
    await webhookAt(ANN, 'https://192.0.2.1/d');
    await webhookAt(BOB, 'https://shop.example/e');
    expect(await validated(ANN, 'shop.example')).toMatchObject({ validatedAt: START, dns: { state: 'valid' } });
    const { id } = await webhookAt(ANN, 'https://shop.example/f');
    const expected = ['https://shop.example/a', 'https://hooks.eu.shop.example:8443/b', 'https://shop.example/f'];
    expect(await callable(ANN)).toEqual(expected);
    expect(await callable(BOB)).toEqual([]);
    const snapshots = await test.query<{ key: string; snapshot: string }>('SELECT key, snapshot FROM config.outbox');
    const last = new Map(snapshots.map(({ key, snapshot }) => [key, JSON.parse(snapshot) as { validated: boolean }]));
    expect([...last.values()].filter((snapshot) => snapshot.validated)).toHaveLength(3);

    expect((await webhooks.change(ANN, id, { handler: 'https://elsewhere.example/' })).validated).toBe(false);
    expect((await webhooks.change(ANN, id, { handler: 'https://shop.example/g' })).validated).toBe(true);
  });

  it('written in another alphabet cover their handlers', async () => {
    await webhookAt(ANN, 'https://hook.bücher.example/a');
    await validated(ANN, 'bücher.example');
    expect(await callable(ANN)).toEqual(['https://hook.bücher.example/a']);
  });

  it('are shown as missing, different or unknown until the record is right, and change nothing', async () => {
    const { domain } = await domains.add(ANN, 'shop.example');
    const { name } = expectedRecord(domain);
    await webhookAt(ANN, 'https://shop.example/a');
    const look = () => domains.validate(ANN, 'shop.example');
    expect(await look()).toMatchObject({ validatedAt: null, dns: { state: 'missing', actual: [], error: null } });
    server.publish(name, 'another');
    expect(await look()).toMatchObject({ validatedAt: null, dns: { state: 'different', actual: ['another'] } });
    server.zone.set(name, { trouble: 'fails' });
    expect(await look()).toMatchObject({ dns: { state: 'missing', error: expect.stringContaining('ESERVFAIL') } });
    expect(await callable(ANN)).toEqual([]);
  });

  it('may have other records beside theirs, and be delegated', async () => {
    const { domain } = await domains.add(ANN, 'shop.example');
    publish(domain, 'v=spf1 -all', (await domains.add(BOB, 'shop.example')).domain.token);
    expect(await domains.validate(ANN, 'shop.example')).toMatchObject({ dns: { state: 'valid' } });
    const delegated = (await domains.add(ANN, 'other.example')).domain;
    server.zone.set('_postduif-challenge.other.example', { cname: 'challenges.dns-host.example' });
    server.publish('challenges.dns-host.example', expectedRecord(delegated).value);
    expect(await domains.validate(ANN, 'other.example')).toMatchObject({ validatedAt: START });
  });

  it("are validated for each account by its own record, never by another's", async () => {
    await webhookAt(BOB, 'https://shop.example/b');
    await validated(ANN, 'shop.example');
    const { domain } = await domains.add(BOB, 'shop.example');
    expect(await domains.validate(BOB, 'shop.example')).toMatchObject({
      validatedAt: null,
      dns: { state: 'different' },
    });
    publish(domain);
    await domains.validate(BOB, 'shop.example');
    await domains.delete(ANN, 'shop.example');
    expect(await callable(BOB)).toEqual(['https://shop.example/b']);
  });

  it('when deleted, leave only handlers callable that have another proof', async () => {
    const file = await webhookAt(ANN, 'https://a.shop.example/file');
    await webhookAt(ANN, 'https://b.shop.example/subdomain');
    await webhookAt(ANN, 'https://c.shop.example/none');
    await webhookAt(ANN, 'https://trusted.example/');
    await webhooks.confirm(ANN, file.id, file.verification.name);
    await validated(ANN, 'shop.example');
    await validated(ANN, 'b.shop.example');
    expect(await callable(ANN)).toHaveLength(4);
    await domains.delete(ANN, 'shop.example');
    expect(await callable(ANN)).toEqual([
      'https://a.shop.example/file',
      'https://b.shop.example/subdomain',
      'https://trusted.example/',
    ]);
    await expect(domains.get(ANN, 'shop.example')).rejects.toMatchObject({ code: 'not_found' });
    await expect(domains.delete(ANN, 'shop.example')).rejects.toMatchObject({ code: 'not_found' });
    const { domain } = await domains.add(ANN, 'shop.example');
    expect(domain.validatedAt).toBeNull();
  });

  it('stay validated when the record vanishes; a look each day warns', async () => {
    await webhookAt(ANN, 'https://shop.example/a');
    await validated(ANN, 'shop.example');
    await domains.add(ANN, 'never-validated.example');
    server.zone.clear();
    now = new Date(START.getTime() + 23 * HOUR_MS);
    const { asked } = server;
    await domains.recheck();
    expect([server.asked, warnings]).toEqual([asked, []]);
    now = new Date(START.getTime() + 25 * HOUR_MS);
    await domains.recheck();
    await domains.recheck();
    expect(server.asked).toBe(asked + 1);
    expect(warnings.map((line) => JSON.parse(line) as object)).toEqual([
      expect.objectContaining({ account: '1', domain: 'shop.example', state: 'missing', level: 40 }),
    ]);
    expect(await domains.get(ANN, 'shop.example')).toMatchObject({ validatedAt: START, dns: { state: 'missing' } });
    expect(await domains.validate(ANN, 'shop.example')).toMatchObject({ validatedAt: START });
    expect(await callable(ANN)).toEqual(['https://shop.example/a']);
  });

  it('are all looked for, however many there are', async () => {
    await test.query(
      `INSERT INTO config.domains (account, domain, token, validated_at, dns)
       SELECT '1', 'd' || n || '.example', 't', now(), '{"at":"2026-01-01T00:00:00.000Z"}' FROM generate_series(1, 45) n`,
    );
    await domains.recheck();
    expect(warnings).toHaveLength(45);
  });

  it('and webhooks that are made at the same moment agree in the end', async () => {
    const { domain } = await domains.add(ANN, 'shop.example');
    publish(domain);
    const handlers = Array.from({ length: 12 }, (_, index) => `https://shop.example/${index}`);
    await Promise.all([
      ...handlers.slice(0, 6).map((handler) => webhookAt(ANN, handler)),
      domains.validate(ANN, 'shop.example'),
      ...handlers.slice(6).map((handler) => webhookAt(ANN, handler)),
    ]);
    const { webhooks: all } = await webhooks.list(
      { account: '1', trigger: undefined },
      { start: 0, limit: 20, total: false },
    );
    expect(all.map((webhook) => webhook.validated)).toEqual(handlers.map(() => true));
    await Promise.all([
      ...all.map(({ id }) => webhooks.change(ANN, id, { concurrency: 3 })),
      domains.delete(ANN, 'shop.example'),
    ]);
    expect(await callable(ANN)).toEqual([]);
  });

  describe('and signing keys', () => {
    it('a key is made only under a validated domain, and is released with it', async () => {
      const refused = { code: 'domain_not_validated', status: 409 };
      await domains.add(ANN, 'shop.example');
      await expect(keys.create(ANN, 'shop.example')).rejects.toMatchObject(refused);
      await validated(ANN, 'shop.example');
      const { key, isNew } = await keys.create(ANN, 'sign.shop.example');
      expect([key.keyId, key.state, key.account, isNew]).toEqual([
        ...['wh202601._domainkey.sign.shop.example', 'next', '1', true],
      ]);
      await expect(keys.create(BOB, 'sign.shop.example')).rejects.toMatchObject(refused);
      await validated(ANN, 'sign.shop.example');
      await domains.delete(ANN, 'shop.example');
      expect(await keys.list(ANN)).toHaveLength(1);
      await domains.delete(ANN, 'sign.shop.example');
      expect(await keys.list(ANN)).toEqual([]);
    });
  });
});
