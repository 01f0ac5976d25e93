import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DigestTable } from './digest-table.js';

describe('DigestTable', () => {
  it('given any entries, then it holds what a map would hold', () => {
    // Few values for the first word make many of them meet in one slot.
    const digest = fc.tuple(fc.nat(3), fc.nat(3), fc.nat(3), fc.nat(3));
    const entry = fc.tuple(digest, fc.maxSafeNat(), fc.nat(65_534));
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 300 }), fc.array(digest, { maxLength: 10 }), (entries, asked) => {
        const table = new DigestTable();
        const map = new Map<string, { offset: number; moment: number }>();
        for (const [words, offset, moment] of entries) {
          table.set(Uint32Array.from(words), offset, moment);
          map.set(words.join(), { offset, moment });
        }
        expect(table.size).toBe(map.size);
        for (const words of [...asked, ...entries.map(([one]) => one)])
          expect(table.get(Uint32Array.from(words))).toEqual(map.get(words.join()));
      }),
    );
  });

  it('given a hundred thousand entries, then all are found and take less than 70 bytes each', () => {
    const table = new DigestTable();
    const digestOf = (index: number): Uint32Array =>
      Uint32Array.of(Math.imul(index, 2_654_435_761), index, index >>> 3, ~index);
    for (let index = 0; index < 100_000; index++) table.set(digestOf(index), index, index % 60_000);
    let found = 0;
    for (let index = 0; index < 100_000; index++) if (table.get(digestOf(index))?.offset === index) found += 1;
    expect(found).toBe(100_000);
    expect(table.size).toBe(100_000);
    expect(table.bytes / table.size).toBeLessThan(70);
  });
});
