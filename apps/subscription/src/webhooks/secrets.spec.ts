import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { rotated, unexpired } from './secrets.js';
import type { Secrets } from './secrets.js';

const START = Date.UTC(2026, 0, 15, 12);
const at = (seconds: number): Date => new Date(START + seconds * 1_000);
const rotate = (before: Secrets, sealed: string, seconds: number, overlapSeconds: number): Secrets =>
  rotated(before, sealed, { now: at(seconds), overlapSeconds });
const FIRST: Secrets = { secrets: ['a'], secretEnds: [] };

describe('the secrets of a webhook', () => {
  it('given a rotation, then the new one is first, and the old one signs until the overlap is over', () => {
    const after = rotate(FIRST, 'b', 0, 60);
    expect(after).toEqual({ secrets: ['b', 'a'], secretEnds: [at(60)] });
    expect(unexpired(after, at(59.999))).toEqual(after);
    expect(unexpired(after, at(60))).toEqual({ secrets: ['b'], secretEnds: [] });
  });

  it('given no overlap, then all old ones end at once', () => {
    const before = rotate(rotate(FIRST, 'b', 0, 600), 'c', 1, 600);
    expect(rotate(before, 'd', 2, 0)).toEqual({ secrets: ['d'], secretEnds: [] });
  });

  it('given a shorter overlap later, then it holds for all old ones, and a longer one lengthens none', () => {
    const before = rotate(FIRST, 'b', 0, 600);
    expect(rotate(before, 'c', 10, 60).secretEnds).toEqual([at(70), at(70)]);
    expect(rotate(before, 'c', 10, 3_600).secretEnds).toEqual([at(3_610), at(600)]);
  });

  it('given a fourth while three sign, then it is refused with the time to wait for; when one has ended, it is taken', () => {
    const three = rotate(rotate(FIRST, 'b', 0, 60), 'c', 10, 600);
    expect(() => rotate(three, 'd', 59, 600)).toThrow(
      expect.objectContaining({ code: 'too_many_secrets', message: expect.stringContaining(at(60).toISOString()) }),
    );
    expect(rotate(three, 'd', 60, 600).secrets).toEqual(['d', 'c', 'b']);
  });

  it('given any rotations, then the newest never ends, each other has one end, and older ones never outlive newer ones', () => {
    const step = fc.record({ after: fc.nat(1_000), overlap: fc.nat(1_000) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 8 }), (steps) => {
        let seconds = 0;
        let secrets = FIRST;
        for (const [index, { after, overlap }] of steps.entries()) {
          seconds += after;
          try {
            secrets = rotate(secrets, String(index), seconds, overlap);
          } catch (error) {
            expect(error).toMatchObject({ code: 'too_many_secrets' });
            continue;
          }
          expect(secrets.secrets[0]).toBe(String(index));
          expect(secrets.secretEnds).toHaveLength(secrets.secrets.length - 1);
          expect(secrets.secretEnds).toEqual(secrets.secretEnds.toSorted((one, other) => Number(other) - Number(one)));
          expect(secrets.secretEnds.every((end) => end > at(seconds))).toBe(true);
        }
      }),
    );
  });
});
