import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { percentile, spreadOf } from './percentiles.js';

describe('the spread of measurements', () => {
  it('given 1 to 100 in any order, is the rank itself', () => {
    const values = Array.from({ length: 100 }, (_, index) => ((index * 37) % 100) + 1);
    expect(spreadOf(values)).toEqual({ count: 100, p50: 50, p95: 95, p99: 99, max: 100 });
  });

  it('given one value, is that value', () => {
    expect(spreadOf([7])).toEqual({ count: 1, p50: 7, p95: 7, p99: 7, max: 7 });
  });

  it('given none, is nothing', () => {
    expect(spreadOf([])).toBeNull();
  });

  it('sorts by number, not by text', () => {
    expect(spreadOf([9, 10, 100])?.max).toBe(100);
  });
});

describe('a percentile', () => {
  it('given any values, is one of them that at least so many do not exceed, and fewer do not exceed the next lower', () => {
    const values = fc.array(fc.double({ noNaN: true }), { minLength: 1 });
    fc.assert(
      fc.property(values, fc.integer({ min: 1, max: 100 }), (given, percent) => {
        const sorted = Float64Array.from(given).sort();
        const found = percentile(sorted, percent);
        const share = (count: number): number => (100 * count) / sorted.length;
        expect(sorted).toContain(found);
        expect(share(sorted.filter((value) => value <= found).length)).toBeGreaterThanOrEqual(percent);
        expect(share(sorted.filter((value) => value < found).length)).toBeLessThan(percent);
      }),
    );
  });
});
