import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { dnsRecord, dnsStrings, generateSigningKey, parseDnsRecord } from './index.js';
import { TEST_PUBLIC_KEY, VECTOR } from './test-vector.fixture.js';

const publicKey = createPublicKey(TEST_PUBLIC_KEY);

function publicKeyOf(kind: string): KeyObject {
  const pair = kind === 'ec' ? generateKeyPairSync('ec', { namedCurve: 'P-256' }) : generateKeyPairSync('ed25519');
  return pair.publicKey;
}

describe('signing keys in DNS', () => {
  it('given the key of the vector, then its record is reproduced in strings of 255 and 153 bytes and can be read again', () => {
    expect(dnsRecord(publicKey)).toBe(VECTOR.record);
    expect(dnsStrings(VECTOR.record).map((part) => part.length)).toEqual([255, 153]);
    expect(parseDnsRecord(VECTOR.record).equals(publicKey)).toBe(true);
  });

  it.each([
    ['the usual spaces', VECTOR.record.replaceAll(';', '; ')],
    ['a semicolon at the end', `${VECTOR.record};`],
    ['more tags', VECTOR.record.replace('k=rsa', 'h=sha256;t=s;k=rsa')],
    ['no k', VECTOR.record.replace('k=rsa;', '')],
  ])('given a record with %s, then it can be read', (_what, record) => {
    expect(parseDnsRecord(record).equals(publicKey)).toBe(true);
  });

  it.each(['ec', 'ed25519'])(
    'given a record that says RSA and holds a key of the kind %s, then it is refused',
    (kind) => {
      expect(() => parseDnsRecord(dnsRecord(publicKeyOf(kind)))).toThrow(
        expect.objectContaining({ code: 'key_record_malformed' }),
      );
    },
  );

  it.each(['', 'v=spf1 -all', 'v=DKIM1;k=ed25519;p=AAAA', 'v=DKIM1;k=rsa;p=', 'v=DKIM1;k=rsa;p=AAAA'])(
    'given the record %j, then it is refused',
    (record) => {
      expect(() => parseDnsRecord(record)).toThrow(expect.objectContaining({ code: 'key_record_malformed' }));
    },
  );

  it('given a new key, then its record is 408 bytes without padding, as the vendor’s verifier needs', async () => {
    const { publicKey: fresh } = await generateSigningKey();
    expect(dnsRecord(fresh)).toMatch(/^v=DKIM1;k=rsa;p=[A-Za-z0-9+/]{392}$/);
  });
});
