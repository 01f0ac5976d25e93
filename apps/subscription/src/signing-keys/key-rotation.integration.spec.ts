import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import {
  createNonce,
  parseDnsRecord,
  parseEncryptionKeys,
  rsaSigner,
  signRequest,
  verifyRequest,
} from '@postduif/signing';
import { pino } from 'pino';
import { AccountStore } from '../accounts/account-store.js';
import type { Database } from '../database/database.js';
import { TestNameServer } from '../dns/testing/name-server.js';
import { DnsTxtRecords } from '../dns/txt-records.js';
import { openDatabase, silent, TestDatabase } from '../testing/test-database.js';
import { KeyRotation } from './key-rotation.js';
import { rotationPolicy } from './rotation-policy.js';
import { SigningKeyStore } from './signing-key-store.js';
import { SigningKeys } from './signing-keys.js';
import { DAY, HOUR } from './testing/simulated-rotation.js';

jest.setTimeout(120_000);

const START = Date.parse('2026-01-15T10:20:30Z');
/** Two looks a day keep months short; nothing else differs from production. */
const LOOKS = 12 * HOUR;
const POLICY = {
  ...rotationPolicy({ dnsCheck: 'required', rotationDays: 30, waitHours: 48 }),
  checkEveryMs: LOOKS,
  maxGapMs: LOOKS,
};
const CALLER = { account: '1', token: 't', scopes: [] };

describe('signing keys over months, with a real DNS and a real database', () => {
  let test: TestDatabase;
  let database: Database;
  let server: TestNameServer;
  let store: SigningKeyStore;
  let records: DnsTxtRecords;
  let now = START;

  beforeAll(async () => {
    test = await TestDatabase.create();
    database = await openDatabase(test.url);
    server = await TestNameServer.start();
    records = new DnsTxtRecords([server.address], { timeoutMs: 200 });
    store = new SigningKeyStore(database, parseEncryptionKeys(randomBytes(32).toString('base64')));
    const accounts = new AccountStore(database);
    for (const account of ['1', '2'])
      await accounts.bootstrap({ account, name: account, token: `pd_token-${account}` });
  });
  afterAll(async () => {
    await server.stop();
    await database.close();
    await test.drop();
  });

  const rotation = (log = silent) =>
    new KeyRotation({ store, records, domain: 'example.org', policy: POLICY, now: () => new Date(now), log });
  const shown = (account = '1') =>
    new SigningKeys(store, POLICY, () => new Date(now), silent).list({ ...CALLER, account });

  /** The operator's and the customer's work: what is shown is put into DNS, what is not shown any more is taken away. */
  async function publish(): Promise<void> {
    const keys = [...(await shown('1')), ...(await shown('2'))];
    for (const name of server.zone.keys()) if (!keys.some(({ keyId }) => keyId === name)) server.zone.delete(name);
    for (const { keyId, record } of keys) server.publish(keyId, record);
  }

  async function sign(account: string) {
    const { keyId, privateKey } = await store.active(account);
    const request = { method: 'POST', target: '/hook', host: 'shop.example', body: Buffer.from('type=create') };
    const headers = await signRequest({
      ...{ ...request, keyId, date: new Date(now), contentType: 'application/x-www-form-urlencoded' },
      ...{ copernicaId: `account_${account}`, nonce: createNonce(), sign: rsaSigner(privateKey) },
    });
    return { ...request, headers: [['Host', request.host] as const, ...headers] };
  }

  /** A receiver that looks the key up in DNS, as the vendor's verifier does. */
  async function verify(request: Awaited<ReturnType<typeof sign>>): Promise<string> {
    const { keyId } = await verifyRequest(request, {
      now: new Date(now),
      resolveKey: async (name) => {
        const [record, ...others] = await records.find(name);
        expect(others).toEqual([]);
        return record === undefined ? undefined : parseDnsRecord(record);
      },
    });
    return keyId;
  }

  it('no request fails verification at any moment, nor with the key of the week before', async () => {
    const used = new Map<string, Set<string>>([
      ['1', new Set()],
      ['2', new Set()],
    ]);
    const signedLately: { readonly at: number; readonly keyId: string }[] = [];
    for (const end = START + 145 * DAY; now < end; now += LOOKS) {
      // Two instances at once, as after a deployment.
      await Promise.all([rotation().run(), rotation().run()]);
      await publish();
      if (now === START + 20 * DAY) await store.create('1', 'customer.example', new Date(now), () => Promise.resolve());
      if (now < START + 60 * HOUR) continue;
      for (const account of ['1', '2']) {
        const keyId = await verify(await sign(account));
        used.get(account)?.add(keyId);
        signedLately.push({ at: now, keyId });
      }
      for (const { at, keyId } of signedLately) if (now - at <= 7 * DAY) expect(server.zone.has(keyId)).toBe(true);
    }
    const domainsOf = (account: string) => [...(used.get(account) ?? [])].map((name) => name.split('_domainkey.')[1]);
    expect(domainsOf('2')).toEqual(Array.from({ length: 5 }, () => 'example.org'));
    expect(domainsOf('1')).toEqual(['example.org', ...Array.from({ length: 5 }, () => 'customer.example')]);
  });

  it('while the next record is wrong, keeps the key in use and says in API and log what to do', async () => {
    const lines: string[] = [];
    const log = pino({}, { write: (line: string) => void lines.push(line) });
    const owned = (await shown('2')).filter(({ account }) => account === null);
    const active = owned.find(({ state }) => state === 'active')!;
    now = Date.parse(active.activatedAt!) + 24 * DAY;
    const rotating = rotation(log);
    await rotating.run();
    const next = (await shown('2')).find(({ state }) => state === 'next')!;
    server.publish(next.keyId, 'v=DKIM1;k=rsa;p=', next.record);
    for (const end = now + 20 * DAY; now < end; now += LOOKS) await rotating.run();
    const states = new Map((await shown('2')).map((key) => [key.keyId, key]));
    expect(states.get(active.keyId)).toMatchObject({ state: 'active', warning: null, dns: { state: 'valid' } });
    const { dns, warning, ...view } = states.get(next.keyId)!;
    expect(view).toMatchObject({ state: 'next', visibleSince: null, usableFrom: null });
    expect(dns).toMatchObject({ state: 'different', expected: next.record, error: null });
    expect(dns?.actual.toSorted()).toEqual(['v=DKIM1;k=rsa;p=', next.record].toSorted());
    expect(warning).toMatch(/^In DNS there is something else than exactly this record\. Put it there: /);
    const warned = lines.filter((line) => line.includes(next.keyId) && line.includes('"level":40'));
    // When it is new, then daily.
    expect(warned).toHaveLength(20);

    server.publish(next.keyId, next.record);
    for (const end = now + 2 * DAY; now <= end; now += LOOKS) await rotating.run();
    expect((await store.active('2')).keyId).toBe(next.keyId);
  });

  it('given name servers that fail, changes nothing and says that nobody can tell', async () => {
    const { keyId } = await store.active('2');
    server.zone.set(keyId, { trouble: 'fails' });
    now += LOOKS;
    await rotation().run();
    expect((await shown('2')).find((key) => key.keyId === keyId)).toMatchObject({
      state: 'active',
      dns: { state: 'missing', error: 'The name servers gave no answer (ESERVFAIL).' },
      warning: expect.stringContaining('DNS_SERVERS'),
    });
    expect((await store.active('2')).keyId).toBe(keyId);
  });
});
