import { afterEach, describe, expect, it } from '@jest/globals';
import { generateKeyPairSync } from 'node:crypto';
import { dnsRecord, dnsStrings } from '@postduif/signing';
import { DnsKeys } from './dns-keys.js';
import type { DnsKeysOptions } from './dns-keys.js';
import { nameServer } from './testing/name-server.js';
import type { NameServer, Zone } from './testing/name-server.js';
import { KEY_ID, RECORD } from './testing/vector.js';

const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const record = dnsStrings(dnsRecord(publicKey));
const servers: NameServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

/** Keys from a name server of their own, and a clock. */
async function setUp(zone: Zone, options: DnsKeysOptions = {}) {
  const server = await nameServer(zone);
  servers.push(server);
  const clock = { seconds: 0 };
  const keys = new DnsKeys({ resolveTxt: server.resolveTxt, ...options }, () => new Date(clock.seconds * 1_000));
  return { keys, server, clock };
}

const refused = (code: string): unknown => expect.objectContaining({ code });

describe('keys in DNS', () => {
  it.each([
    ['in two strings', record],
    ['with the usual spaces', dnsStrings(dnsRecord(publicKey).replaceAll(';', '; '))],
    ['with a semicolon at the end', dnsStrings(`${dnsRecord(publicKey)};`)],
  ])('given a record %s, then the key is found', async (_what, strings) => {
    const { keys } = await setUp({ 'a.example': [strings] });
    expect((await keys.find('a.example'))?.equals(publicKey)).toBe(true);
  });

  it('given a name that does not exist, or has no TXT record, then there is no key', async () => {
    const { keys } = await setUp({ 'none.example': 'NODATA' });
    expect(await keys.find('missing.example')).toBeUndefined();
    expect(await keys.find('none.example')).toBeUndefined();
  });

  it('given two records, or one that holds no key, then the record is said to be wrong', async () => {
    const { keys } = await setUp({ 'two.example': [['v=spf1 -all'], record], 'other.example': [['v=spf1 -all']] });
    await expect(keys.find('two.example')).rejects.toEqual(refused('key_record_malformed'));
    await expect(keys.find('two.example')).rejects.toThrow('two.example has 2 TXT records, and must have one');
    await expect(keys.find('other.example')).rejects.toEqual(refused('key_record_malformed'));
  });

  it('given a server that fails, then that is said, and it is asked again at once', async () => {
    const zone: Zone = { 'a.example': 'SERVFAIL' };
    const { keys } = await setUp(zone);
    await expect(keys.find('a.example')).rejects.toEqual(refused('dns_failed'));
    await expect(keys.find('a.example')).rejects.toMatchObject({ status: 503, message: /a\.example: ESERVFAIL/ });
    zone['a.example'] = [record];
    expect(await keys.find('a.example')).toBeDefined();
  });

  it('given no server at all, then that is said too', async () => {
    const { keys, server } = await setUp({});
    await server.stop();
    servers.splice(0);
    await expect(keys.find('a.example')).rejects.toMatchObject({ code: 'dns_failed', message: /ECONNREFUSED/ });
  });

  it.each(['', 'a b.example', 'a.example.', 'a..example', '*.example', 'a\0.example', `${'a'.repeat(64)}.example`])(
    'given the name %j, which no key can have, then nobody is asked',
    async (name) => {
      const { keys, server } = await setUp({});
      expect(await keys.find(name)).toBeUndefined();
      expect(server.asked).toEqual([]);
    },
  );
});

describe('keeping keys', () => {
  it('given a key, then it is asked for once in five minutes, whatever the capitals', async () => {
    const { keys, server, clock } = await setUp({ [KEY_ID]: [RECORD] });
    await Promise.all([keys.find(KEY_ID), keys.find(KEY_ID.toUpperCase())]);
    clock.seconds = 299;
    await keys.find(KEY_ID);
    expect(server.asked).toHaveLength(1);
    clock.seconds = 300;
    await keys.find(KEY_ID);
    expect(server.asked).toHaveLength(2);
  });

  it('given another key under the same name, then it is found when the time is over', async () => {
    const zone: Zone = { 'a.example': [RECORD] };
    const { keys, clock } = await setUp(zone, { keySeconds: 10 });
    expect((await keys.find('a.example'))?.equals(publicKey)).toBe(false);
    zone['a.example'] = [record];
    expect((await keys.find('a.example'))?.equals(publicKey)).toBe(false);
    clock.seconds = 10;
    expect((await keys.find('a.example'))?.equals(publicKey)).toBe(true);
  });

  it.each<[string, Zone[string] | undefined]>([
    ['that does not exist', undefined],
    ['whose record is wrong', [['v=spf1 -all']]],
  ])('given a name %s, then it is asked for again after half a minute', async (_what, entry) => {
    const zone: Zone = entry === undefined ? {} : { 'a.example': entry };
    const { keys, server, clock } = await setUp(zone);
    const looked = (): Promise<string> =>
      keys.find('a.example').then(
        (key) => (key === undefined ? 'none' : 'found'),
        () => 'wrong',
      );
    const first = await looked();
    zone['a.example'] = [record];
    clock.seconds = 29;
    expect(await looked()).toBe(first);
    expect(server.asked).toHaveLength(1);
    clock.seconds = 30;
    expect(await looked()).toBe('found');
  });

  it('given more names than are kept, then the one that was looked up first makes place', async () => {
    const zone = Object.fromEntries(['a', 'b', 'c'].map((name) => [`${name}.example`, [record]]));
    const { keys, server } = await setUp(zone, { maxKeys: 2 });
    for (const name of ['a', 'b', 'c', 'b', 'a']) await keys.find(`${name}.example`);
    expect(server.asked).toEqual(['a.example', 'b.example', 'c.example', 'a.example']);
  });
});
