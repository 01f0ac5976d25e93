import { createPrivateKey, createPublicKey, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { open, parseDnsRecord, parseEncryptionKeys } from '@postduif/signing';
import { AccountStore } from '../accounts/account-store.js';
import type { Database } from '../database/database.js';
import { openDatabase, TestDatabase } from '../testing/test-database.js';
import { expectedRecord } from './key-view.js';
import { rotationPolicy } from './rotation-policy.js';
import { SigningKeyStore } from './signing-key-store.js';

jest.setTimeout(30_000);

const NOW = new Date('2026-01-15T10:20:30Z');
const DAY_MS = 86_400_000;
const OFF = rotationPolicy({ dnsCheck: 'off', rotationDays: 30, waitHours: 48 });
const REQUIRED = rotationPolicy({ dnsCheck: 'required', rotationDays: 30, waitHours: 48 });
const newKeys = () => parseEncryptionKeys(randomBytes(32).toString('base64'));
const later = (days: number) => new Date(NOW.getTime() + days * DAY_MS);
const allowed = () => Promise.resolve();

describe('signing keys in PostgreSQL', () => {
  const encryptionKeys = newKeys();
  let test: TestDatabase;
  let database: Database;
  let store: SigningKeyStore;

  beforeAll(async () => {
    test = await TestDatabase.create();
    database = await openDatabase(test.url);
    store = new SigningKeyStore(database, encryptionKeys);
    const accounts = new AccountStore(database);
    for (const account of ['1', '2'])
      await accounts.bootstrap({ account, name: account, token: `pd_token-${account}` });
  });
  afterAll(async () => {
    await database.close();
    await test.drop();
  });
  beforeEach(async () => {
    await test.query('TRUNCATE config.signing_keys, config.outbox RESTART IDENTITY');
  });

  const advance = (now: Date, policy = OFF, domain = 'example.org') =>
    store.advance(null, domain, { now, policy, checks: new Map() });
  const entries = () =>
    test.query<{ key: string; snapshot: string | null; version: number }>(
      'SELECT key, snapshot, version FROM config.outbox ORDER BY id',
    );
  const published = async () =>
    (await entries()).map(({ snapshot }) => JSON.parse(snapshot ?? '{}') as Record<string, string>);

  it('given none, makes one of 2048 bits under the domain, and signs with it', async () => {
    expect((await advance(NOW)).map(({ what }) => what)).toEqual(['made', 'activated']);
    const [key, ...others] = await store.list();
    expect(others).toEqual([]);
    expect(key).toMatchObject({ keyId: 'wh202601._domainkey.example.org', state: 'active', activatedAt: NOW });
    const { keyId, privateKey } = await store.active('1');
    expect(keyId).toBe(key?.keyId);
    expect(privateKey.asymmetricKeyDetails).toMatchObject({ modulusLength: 2_048 });
    const record = expectedRecord(key!).value;
    expect(record).toMatch(/^v=DKIM1;k=rsa;p=[A-Za-z0-9+/]{392}$/);
    expect(createPublicKey(privateKey).equals(parseDnsRecord(record))).toBe(true);
  });

  it('given that DNS has to be asked, does not sign with a key that was not seen there', async () => {
    expect((await advance(NOW, REQUIRED)).map(({ what }) => what)).toEqual(['made']);
    await expect(store.active('1')).rejects.toMatchObject({ code: 'signing_key_not_active', status: 503 });
  });

  it('keeps and publishes the private part sealed', async () => {
    await advance(NOW);
    const stored = JSON.stringify(await test.query('SELECT * FROM config.signing_keys, config.outbox'));
    expect(stored).toContain('PUBLIC KEY');
    expect(stored).not.toContain('PRIVATE KEY');
    const snapshot = (await published()).at(-1);
    expect(snapshot).toMatchObject({ kind: 'signing-key', id: '1', state: 'active' });
    const opened = createPrivateKey(open(encryptionKeys, snapshot?.privateKey ?? '', 'signing-key/1').toString());
    expect(opened.equals((await store.active('1')).privateKey)).toBe(true);
  });

  it('given instances that start at once, makes one key, and each change once', async () => {
    const changes = await Promise.all([1, 2, 3].map(() => advance(NOW)));
    expect(changes.flat().map(({ what }) => what)).toEqual(['made', 'activated']);
    expect((await published()).map(({ state }) => state)).toEqual(['next', 'active']);
    expect(await advance(NOW)).toEqual([]);
  });

  it('publishes the new key before the old one retires, and a tombstone when it is over', async () => {
    await advance(NOW);
    await advance(later(25));
    await advance(later(30));
    await advance(later(38));
    const states = (await published()).map(({ state }) => state ?? 'gone');
    const changes = (await entries()).map(({ key, version }, index) => [key, version, states[index]]);
    expect(changes).toEqual([
      ['signing-key/1', 1, 'next'],
      ['signing-key/1', 2, 'active'],
      ['signing-key/2', 1, 'next'],
      ['signing-key/2', 2, 'active'],
      ['signing-key/1', 3, 'retired'],
      ['signing-key/1', 4, 'gone'],
    ]);
  });

  it('gives all keys to a topic that is new, the active ones first', async () => {
    await advance(NOW);
    await advance(later(25));
    await advance(later(30));
    const parts = [];
    for await (const part of store.snapshots()) parts.push(...part.map(({ value }) => value));
    expect(parts).toMatchObject([
      { id: '2', state: 'active' },
      { id: '1', state: 'retired' },
    ]);
  });

  it('given another domain, changes to a key under it, whose name no other key has', async () => {
    await advance(NOW);
    await advance(NOW, OFF, 'example.com');
    await advance(NOW);
    expect((await store.list()).map(({ keyId, state }) => [keyId, state])).toEqual([
      ['wh202601._domainkey.example.org', 'retired'],
      ['wh202601._domainkey.example.com', 'retired'],
      ['wh202601-2._domainkey.example.org', 'active'],
    ]);
  });

  it('given another ENCRYPTION_KEY than the one that sealed, says so', async () => {
    await advance(NOW);
    const other = new SigningKeyStore(database, newKeys());
    await expect(other.requireReadable()).rejects.toMatchObject({ code: 'encryption_key_unknown' });
    await expect(store.requireReadable()).resolves.toBeUndefined();
  });

  describe('of an account', () => {
    const advanceAccount = (now: Date, policy = OFF) =>
      store.advance('1', undefined, { now, policy, checks: new Map() });

    beforeEach(async () => {
      await advance(NOW);
      await store.create('1', 'customer.example', NOW, allowed);
    });

    it('sign its requests when they are active, and only its', async () => {
      expect((await store.active('1')).keyId).toBe('wh202601._domainkey.example.org');
      await advanceAccount(NOW);
      expect((await store.active('1')).keyId).toBe('wh202601._domainkey.customer.example');
      expect((await store.active('2')).keyId).toBe('wh202601._domainkey.example.org');
      expect((await published()).at(-1)).toMatchObject({ account: '1', state: 'active' });
      expect((await published())[0]).not.toHaveProperty('account');
    });

    it('rotate by themselves under their own domain', async () => {
      await advanceAccount(NOW);
      await advanceAccount(later(25));
      await advanceAccount(later(30));
      expect((await store.active('1')).keyId).toBe('wh202602._domainkey.customer.example');
      expect(await store.owners()).toEqual([null, '1']);
    });

    it('are shown to it and not to others', async () => {
      expect((await store.list('1')).map(({ account }) => account)).toEqual([null, '1']);
      expect((await store.list('2')).map(({ account }) => account)).toEqual([null]);
    });

    it('asked for again under the same domain, stay; under another, are replaced', async () => {
      expect((await store.create('1', 'customer.example', NOW, allowed)).isNew).toBe(false);
      await advanceAccount(NOW);
      expect((await store.create('1', 'customer.example', NOW, allowed)).isNew).toBe(false);
      for (const domain of ['other.example', 'third.example'])
        expect((await store.create('1', domain, NOW, allowed)).isNew).toBe(true);
      expect((await store.list('1')).map(({ domain, state }) => [domain, state]).slice(1)).toEqual([
        ['customer.example', 'active'],
        ['third.example', 'next'],
      ]);
    });

    it('give way to those of the installation when it may not use the domain any more', async () => {
      await advanceAccount(NOW);
      await store.create('1', 'other.example', NOW, allowed);
      const release = (maySign: (domain: string) => boolean) =>
        database.transaction((transaction) => store.release(transaction, '1', maySign, NOW));
      expect(await release(() => true)).toEqual([]);
      expect((await release((domain) => domain === 'nowhere')).map(({ what }) => what)).toEqual(['retired', 'deleted']);
      expect((await store.active('1')).keyId).toBe('wh202601._domainkey.example.org');
      expect(await advanceAccount(later(1))).toEqual([]);
      expect((await advanceAccount(later(8))).map(({ what }) => what)).toEqual(['deleted']);
      expect(await store.owners()).toEqual([null]);
    });

    it('are not made when the account may not sign under the domain', async () => {
      const refuse = () => Promise.reject(new Error('no'));
      await expect(store.create('2', 'customer.example', NOW, refuse)).rejects.toThrow('no');
      expect(await store.owners()).toEqual([null, '1']);
    });
  });
});
