import { createPrivateKey, createPublicKey, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { open, parseDnsRecord, parseEncryptionKeys } from '@postduif/signing';
import type { Database } from '../database/database.js';
import { openDatabase, TestDatabase } from '../testing/test-database.js';
import { SigningKeyStore } from './signing-key-store.js';

const NOW = new Date('2026-01-15T10:20:30Z');
const newKeys = () => parseEncryptionKeys(randomBytes(32).toString('base64'));

describe('signing keys in PostgreSQL', () => {
  const encryptionKeys = newKeys();
  let test: TestDatabase;
  let database: Database;
  let store: SigningKeyStore;

  beforeAll(async () => {
    test = await TestDatabase.create();
    database = await openDatabase(test.url);
    store = new SigningKeyStore(database, encryptionKeys);
  });
  afterAll(async () => {
    await database.close();
    await test.drop();
  });
  beforeEach(async () => {
    await test.query('TRUNCATE config.signing_keys, config.outbox RESTART IDENTITY');
  });

  const published = async () =>
    (await test.query<{ snapshot: string }>('SELECT snapshot FROM config.outbox ORDER BY id')).map(
      ({ snapshot }) => JSON.parse(snapshot) as Record<string, string>,
    );

  it('given none, makes one of 2048 bits under the domain, and shows its record', async () => {
    expect(await store.ensure('example.org', NOW)).toBe('wh202601._domainkey.example.org');
    const [shown, ...others] = await store.list();
    expect(others).toEqual([]);
    expect(shown).toMatchObject({ keyId: 'wh202601._domainkey.example.org', state: 'active' });
    expect(shown?.record).toMatch(/^v=DKIM1;k=rsa;p=[A-Za-z0-9+/]{392}$/);
    const { keyId, privateKey } = await store.active();
    expect(keyId).toBe(shown?.keyId);
    expect(privateKey.asymmetricKeyDetails).toMatchObject({ modulusLength: 2_048 });
    expect(createPublicKey(privateKey).equals(parseDnsRecord(shown?.record ?? ''))).toBe(true);
  });

  it('keeps and publishes the private part sealed', async () => {
    await store.ensure('example.org', NOW);
    const stored = JSON.stringify(await test.query('SELECT * FROM config.signing_keys, config.outbox'));
    expect(stored).toContain('PUBLIC KEY');
    expect(stored).not.toContain('PRIVATE KEY');
    const [snapshot] = await published();
    expect(snapshot).toMatchObject({ kind: 'signing-key', id: '1', state: 'active' });
    const opened = createPrivateKey(open(encryptionKeys, snapshot?.privateKey ?? '', 'signing-key/1').toString());
    expect(opened.equals((await store.active()).privateKey)).toBe(true);
  });

  it('given one, makes no other, also for instances that start at once', async () => {
    const made = await Promise.all([1, 2, 3].map(() => store.ensure('example.org', NOW)));
    expect(made.filter((name) => name !== undefined)).toHaveLength(1);
    expect(await store.ensure('example.org', NOW)).toBeUndefined();
    expect(await published()).toHaveLength(1);
  });

  it('given another domain, retires the key, and never gives its name again', async () => {
    await store.ensure('example.org', NOW);
    await store.ensure('example.com', NOW);
    await store.ensure('example.org', NOW);
    expect((await store.list()).map(({ keyId, state }) => [keyId, state])).toEqual([
      ['wh202601-2._domainkey.example.org', 'active'],
      ['wh202601._domainkey.example.com', 'retired'],
      ['wh202601._domainkey.example.org', 'retired'],
    ]);
    expect((await published()).map(({ id, version, state }) => [id, version, state])).toEqual([
      ['1', 1, 'active'],
      ['1', 2, 'retired'],
      ['2', 1, 'active'],
      ['2', 2, 'retired'],
      ['3', 1, 'active'],
    ]);
  });

  it('given another ENCRYPTION_KEY than the one that sealed, says so at the start', async () => {
    await store.ensure('example.org', NOW);
    const other = new SigningKeyStore(database, newKeys());
    await expect(other.ensure('example.org', NOW)).rejects.toMatchObject({ code: 'encryption_key_unknown' });
  });
});
