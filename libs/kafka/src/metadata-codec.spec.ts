import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decodeFinished, encodeFinished, MAX_METADATA_BYTES } from './metadata-codec.js';
import type { OffsetRun } from './metadata-codec.js';

function toRuns(watermark: number, pairs: readonly (readonly [number, number])[]): OffsetRun[] {
  let at = watermark;
  return pairs.map(([gap, length]) => {
    const run = { from: at + gap, to: at + gap + length };
    at = run.to;
    return run;
  });
}

const watermarks = fc.integer({ min: 0, max: 2 ** 52 });
const pairs = (max: number) => fc.tuple(fc.integer({ min: 1, max }), fc.integer({ min: 1, max }));

describe('the metadata of a commit', () => {
  it('given any runs that fit, gives them back', () => {
    fc.assert(
      fc.property(watermarks, fc.array(pairs(100_000), { maxLength: 300 }), (watermark, list) => {
        const runs = toRuns(watermark, list);
        expect(decodeFinished(watermark, encodeFinished(watermark, runs))).toEqual(runs);
      }),
    );
  });

  it('given more runs than fit, keeps the lowest and stays below the limit of a broker', () => {
    fc.assert(
      fc.property(watermarks, fc.array(pairs(1_000_000), { minLength: 1_600, maxLength: 4_000 }), (watermark, list) => {
        const runs = toRuns(watermark, list);
        const metadata = encodeFinished(watermark, runs);
        expect(metadata.length).toBeLessThanOrEqual(MAX_METADATA_BYTES);
        const kept = decodeFinished(watermark, metadata);
        expect(kept.length).toBeGreaterThan(300);
        expect(kept).toEqual(runs.slice(0, kept.length));
      }),
      { numRuns: 20 },
    );
  });

  it('given offsets that are finished or not by chance, holds those of the first 16,000', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 16_000, maxLength: 16_000 }), (lengths) => {
        const runs: OffsetRun[] = [];
        let [at, next] = [0, 0];
        while (at < 16_000 - 6) {
          const from = at + lengths[next++]!;
          at = from + lengths[next++]!;
          runs.push({ from, to: at });
        }
        expect(decodeFinished(0, encodeFinished(0, runs))).toEqual(runs);
      }),
      { numRuns: 20 },
    );
  });

  it('given every second offset, holds 12,000', () => {
    const runs = toRuns(
      0,
      Array.from({ length: 20_000 }, () => [1, 1] as const),
    );
    expect(decodeFinished(0, encodeFinished(0, runs)).length).toBeGreaterThan(12_000);
  });

  it('given runs that touch, leaves out what follows rather than to be wrong', () => {
    const runs = [
      { from: 3, to: 5 },
      { from: 5, to: 9 },
      { from: 12, to: 13 },
    ];
    expect(decodeFinished(1, encodeFinished(1, runs))).toEqual(runs.slice(0, 1));
  });

  it('given nothing, is empty', () => {
    expect(encodeFinished(7, [])).toBe('');
    expect(decodeFinished(7, '')).toEqual([]);
    expect(decodeFinished(7, null)).toEqual([]);
  });

  it('given text that someone else wrote, reads nothing from it and does not throw', () => {
    const tooLarge = Buffer.concat([Buffer.alloc(8), Buffer.alloc(12, 0xff)]).toString('base64url');
    for (const text of ['2:', '2:!', '2:gA', '2:AQ', '2:AAA', `2:${tooLarge}`, '1:wA', 'wA', 'é'])
      expect(decodeFinished(0, text)).toEqual([]);
    fc.assert(
      fc.property(fc.string(), (text) => {
        decodeFinished(0, text);
        decodeFinished(0, `2:${text}`);
      }),
    );
  });
});
