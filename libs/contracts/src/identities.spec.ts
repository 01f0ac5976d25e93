import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decodeIdentities, eachIdentity, encodeIdentities, IDENTITY_BYTES, putIdentity } from './identities.js';

const word = fc.nat(0xffffffff);
const entry = fc.record({
  digest: fc.tuple(word, word, word, word),
  offset: fc.maxSafeNat(),
  timestamp: fc.maxSafeInteger(),
});

describe('the identities of events', () => {
  it('come back as they were written', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.maxSafeNat(), fc.array(entry, { maxLength: 20 }), (from, to, given) => {
        const entries = Buffer.alloc(given.length * IDENTITY_BYTES);
        for (const [index, { digest, offset, timestamp }] of given.entries())
          putIdentity(entries, index, Uint32Array.from(digest), offset, timestamp);
        const segment = decodeIdentities(encodeIdentities({ from, to, entries }));
        expect(segment).toMatchObject({ from, to });
        const found: typeof given = [];
        eachIdentity(segment?.entries ?? Buffer.alloc(0), ([a = 0, b = 0, c = 0, d = 0], offset, timestamp) => {
          found.push({ digest: [a, b, c, d], offset, timestamp });
        });
        expect(found).toEqual(given);
      }),
    );
  });

  it('of another version, or cut short, are not read', () => {
    const value = encodeIdentities({ from: 0, to: 2, entries: Buffer.alloc(2 * IDENTITY_BYTES) });
    expect(decodeIdentities(value.subarray(0, -1))).toBeUndefined();
    expect(decodeIdentities(value.subarray(0, 10))).toBeUndefined();
    expect(decodeIdentities(Buffer.concat([Buffer.of(2), value.subarray(1)]))).toBeUndefined();
  });
});
