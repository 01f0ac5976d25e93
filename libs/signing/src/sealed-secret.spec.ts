import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { open, parseEncryptionKeys, seal, SigningError } from './index.js';

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
const [first, second] = [base64(randomBytes(32)), base64(randomBytes(32))];
const keys = parseEncryptionKeys(first);

describe('sealed secrets', () => {
  it('given any secret and context, then it opens to the same, and only with the same context', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.string(), (secret, context) => {
        const sealed = seal(keys, secret, context);
        expect(open(keys, sealed, context)).toEqual(Buffer.from(secret));
        expect(() => open(keys, sealed, `${context}x`)).toThrow(
          expect.objectContaining({ code: 'sealed_secret_corrupt' }),
        );
      }),
    );
  });

  it('given any changed bit, then it does not open', () => {
    const sealed = seal(keys, 'a secret', 'webhook/1');
    const [version, fingerprint, data] = sealed.split('.') as [string, string, string];
    const bytes = Buffer.from(data, 'base64url');
    fc.assert(
      fc.property(fc.nat({ max: bytes.length * 8 - 1 }), (bit) => {
        const changed = Buffer.from(bytes);
        changed[bit >> 3]! ^= 1 << (bit & 7);
        expect(() => open(keys, `${version}.${fingerprint}.${changed.toString('base64url')}`, 'webhook/1')).toThrow(
          expect.objectContaining({ code: 'sealed_secret_corrupt' }),
        );
      }),
    );
  });

  it('given any changed bit of the text, version and fingerprint included, then it does not open', () => {
    const sealed = Buffer.from(seal(keys, 'a secret', 'webhook/1'), 'latin1');
    for (let bit = 0; bit < sealed.length * 8; bit += 1) {
      const changed = Buffer.from(sealed);
      changed[bit >> 3]! ^= 1 << (bit & 7);
      expect(() => open(keys, changed.toString('latin1'), 'webhook/1')).toThrow(SigningError);
    }
  });

  it('given a new key in front, then what the old one sealed still opens, and not without it', () => {
    const sealed = seal(keys, 'a secret', 'webhook/1');

    expect(open(parseEncryptionKeys(`${second},${first}`), sealed, 'webhook/1').toString()).toBe('a secret');
    expect(() => open(parseEncryptionKeys(second), sealed, 'webhook/1')).toThrow(
      expect.objectContaining({ code: 'encryption_key_unknown' }),
    );
  });

  it.each(['', 'short', base64(randomBytes(31)), base64(randomBytes(33)), `${first},`, `${first};${first}`])(
    'given the key setting %j, then it is refused without being repeated',
    (setting) => {
      expect(() => parseEncryptionKeys(setting)).toThrow(
        expect.objectContaining({
          code: 'encryption_key_malformed',
          message: expect.not.stringContaining(setting || 'x'.repeat(9)),
        }),
      );
    },
  );
});
