import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { RateLimiter } from './rate-limiter.js';

describe('RateLimiter', () => {
  it('given any rate and any moments of asking, then no second holds more requests than the rate (and at least one)', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.2, max: 500, noNaN: true }),
        fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 400 }),
        (rate, waits) => {
          const limiter = new RateLimiter(rate);
          const taken: number[] = [];
          let now = 1_000_000;
          for (const wait of waits) {
            now += wait;
            while (limiter.take(now)) taken.push(now);
          }
          for (const from of taken) {
            const inSecond = taken.filter((at) => at >= from && at < from + 1_000).length;
            expect(inSecond).toBeLessThanOrEqual(Math.max(1, Math.ceil(rate)));
          }
        },
      ),
    );
  });

  it('given a rate that changes at any moment, then no second holds more requests than the higher of the two allows', () => {
    const rates = fc.double({ min: 1, max: 500, noNaN: true });
    fc.assert(
      fc.property(rates, rates, fc.integer({ min: 0, max: 2_000 }), (before, after, changeAt) => {
        const limiter = new RateLimiter(before);
        const taken: number[] = [];
        for (let now = 0; now < 4_000; now++) {
          if (now === changeAt) limiter.change(after, now);
          while (limiter.take(now)) taken.push(now);
        }
        for (const from of taken)
          expect(taken.filter((at) => at >= from && at < from + 1_000).length).toBeLessThanOrEqual(
            Math.ceil(Math.max(before, after)) + 1,
          );
      }),
      { numRuns: 30 },
    );
  });

  it('when the clock is set back, then the next request goes after one spacing', () => {
    const limiter = new RateLimiter(10);
    limiter.take(3_600_000);

    expect([limiter.take(0), limiter.take(100), limiter.take(101)]).toEqual([false, false, true]);
  });

  it('given steady demand, when ten seconds pass, then at least 95 % of the rate was allowed', () => {
    const limiter = new RateLimiter(1_000);
    let taken = 0;
    for (let now = 0; now < 10_000; now++) while (limiter.take(now)) taken++;

    expect(taken).toBeGreaterThan(9_500);
  });
});
