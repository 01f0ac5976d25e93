import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import type { RecordCheck } from '../dns/record-check.js';
import { toSigningKeyView, warningOf } from './key-view.js';
import { rotationPolicy } from './rotation-policy.js';
import { activeFrom, retiredFrom } from './signing-key.js';
import type { StoredKey } from './signing-key-rows.js';

const NOW = new Date('2026-01-15T10:20:30.000Z');
const settings = { dnsCheck: 'required', rotationDays: 30, waitHours: 48 } as const;
const POLICY = rotationPolicy(settings);
const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const NEXT: StoredKey = {
  ...{
    id: '1',
    account: null,
    domain: 'example.org',
    keyId: 'wh202601._domainkey.example.org',
    createdAt: NOW,
    version: 1,
  },
  ...{ state: 'next', activatedAt: null, retiredAt: null, visibleSince: null, seenAt: null, dns: null },
  publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  privateKey: 'v1.sealed',
};
const ACTIVE = { ...NEXT, ...activeFrom(NOW) };
const check = (state: RecordCheck['state'], error: string | null = null): RecordCheck => ({
  ...{ at: NOW.toISOString(), actual: [], state, error },
});

describe('a signing key as the API shows it', () => {
  it('tells a key that was seen from when it may sign, and never its private part', () => {
    const view = toSigningKeyView({ ...NEXT, visibleSince: NOW, seenAt: NOW, dns: check('valid') }, POLICY);
    expect(view).toMatchObject({ usableFrom: '2026-01-17T10:20:30.000Z', publishUntil: null, warning: null });
    expect(view.dns).toEqual({
      ...{ checkedAt: NOW.toISOString(), expected: view.record, actual: [], state: 'valid', error: null },
    });
    expect(JSON.stringify(view)).not.toContain('sealed');
  });

  it('tells until when the record of a retired key has to stay', () => {
    const view = toSigningKeyView({ ...ACTIVE, ...retiredFrom(ACTIVE, NOW) }, POLICY);
    expect(view).toMatchObject({ state: 'retired', retiredAt: NOW.toISOString(), usableFrom: null });
    expect(view.publishUntil).toBe('2026-01-22T11:20:30.000Z');
  });

  it.each([
    ['a next key', { ...NEXT, dns: check('missing') }, /not in DNS\. Put it there: .* seen for 48 hours; /],
    ['an active key', { ...ACTIVE, dns: check('different') }, /something else .* receivers cannot verify/],
    ['a retired key', { ...ACTIVE, ...retiredFrom(ACTIVE, NOW), dns: check('missing') }, /Put it back: /],
    ['a key that nobody can tell of', { ...ACTIVE, dns: check('missing', 'No answer.') }, /^No answer\. .*DNS_SERVERS/],
  ])('warns of %s', (_, key, warning) => {
    expect(warningOf(key, POLICY)).toMatch(warning);
  });

  it('does not warn of what was seen, was not looked for, or need not be in DNS', () => {
    expect(warningOf({ ...ACTIVE, dns: check('valid') }, POLICY)).toBeNull();
    expect(warningOf(ACTIVE, POLICY)).toBeNull();
    const off = rotationPolicy({ ...settings, dnsCheck: 'off' });
    expect(toSigningKeyView({ ...ACTIVE, dns: check('missing') }, off)).toMatchObject({ warning: null, dns: null });
  });

  it('names no hours when there is no wait', () => {
    const policy = rotationPolicy({ ...settings, waitHours: 0 });
    expect(warningOf({ ...NEXT, dns: check('missing') }, policy)).toContain('when it has been seen; ');
  });
});
