import { describe, expect, it } from '@jest/globals';
import { eachIdentity } from '@postduif/contracts';
import type { IdentitySegment } from '@postduif/contracts';
import fc from 'fast-check';
import { IdentityJournal } from './identity-journal.js';

const digestOf = (offset: number): Uint32Array => Uint32Array.of(offset, 1, 2, 3);

function offsetsOf({ entries }: IdentitySegment): number[] {
  const offsets: number[] = [];
  eachIdentity(entries, (digest, offset) => {
    expect(digest).toEqual(digestOf(offset));
    offsets.push(offset);
  });
  return offsets.sort((one, other) => one - other);
}

describe('the journal of identities', () => {
  it('given records that are added in any order, then each segment holds all of its offsets, once', () => {
    const steps = fc.array(fc.record({ more: fc.nat(40), shuffle: fc.nat(10), cut: fc.boolean() }), { maxLength: 30 });
    fc.assert(
      fc.property(steps, fc.nat(20), fc.integer({ min: 5, max: 100 }), (given, from, maxEntries) => {
        const journal = new IdentityJournal(from, maxEntries);
        const segments: IdentitySegment[] = [];
        let next = from;
        let waiting: number[] = [];
        for (const { more, shuffle, cut } of given) {
          for (let count = 0; count < more; count++) waiting.push(next++);
          // Some that were read are added later, and those behind them are not.
          const later = waiting.filter((offset) => shuffle > 0 && offset % shuffle === 0);
          for (const offset of waiting) if (!later.includes(offset)) journal.add(digestOf(offset), offset, 0);
          waiting = later;
          const segment = cut ? journal.cut(Math.min(next, ...waiting)) : undefined;
          if (segment !== undefined) segments.push(segment);
        }
        for (const segment of segments)
          expect(offsetsOf(segment)).toEqual(
            Array.from({ length: segment.to - segment.from }, (_, index) => segment.from + index),
          );
        for (const [index, { from: begin }] of segments.entries())
          expect(begin).toBeGreaterThanOrEqual(segments[index - 1]?.to ?? from);
      }),
    );
  });

  it('given room for all, then there is no gap between the segments', () => {
    const journal = new IdentityJournal(7);
    for (let offset = 7; offset < 1_007; offset++) journal.add(digestOf(offset), offset, 0);
    expect(journal.cut(500)).toMatchObject({ from: 7, to: 500 });
    expect(journal.cut(500)).toBeUndefined();
    const last = journal.cut(1_007);
    expect(last).toMatchObject({ from: 500, to: 1_007 });
    expect(last && offsetsOf(last)).toHaveLength(507);
  });

  it('given more than it has room for, then it begins anew above it, and is bounded', () => {
    const journal = new IdentityJournal(0, 10);
    for (let offset = 0; offset < 15; offset++) journal.add(digestOf(offset), offset, 0);
    expect(journal.cut(8)).toBeUndefined();
    const segment = journal.cut(15);
    expect(segment).toMatchObject({ from: 10, to: 15 });
    expect(segment && offsetsOf(segment)).toEqual([10, 11, 12, 13, 14]);
  });
});
