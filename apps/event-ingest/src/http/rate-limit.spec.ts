import { describe, expect, it } from '@jest/globals';
import { ApiError } from '@postduif/contracts';
import fc from 'fast-check';
import { RateLimit } from './rate-limit.js';

function given(perSecond: number | undefined) {
  const clock = { now: 1_000_000 };
  const limit = new RateLimit(perSecond, () => clock.now);
  /** What a request meets: undefined when it may go on, else the seconds to wait. */
  const request = (events: number, account = '1'): number | undefined => {
    try {
      limit.require(account);
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== 'rate_limited') throw error;
      return error.options.retryAfterSeconds;
    }
    limit.spend(account, events);
    return undefined;
  };
  return { clock, request };
}

describe('the limit of an account', () => {
  it('given as many events as a second allows, then the next request is refused until there is room again', () => {
    const { clock, request } = given(10);
    for (let count = 0; count < 10; count++) expect(request(1)).toBeUndefined();
    expect(request(1)).toBe(1);
    clock.now += 100;
    expect(request(1)).toBeUndefined();
    expect(request(1)).toBe(1);
  });

  it('given a batch larger than a second allows, then it is taken, and the account waits for what it took too much', () => {
    const { clock, request } = given(10);
    expect(request(45)).toBeUndefined();
    expect(request(1)).toBe(4);
    clock.now += 3_500;
    expect(request(1)).toBe(1);
    clock.now += 100;
    expect(request(1)).toBeUndefined();
  });

  it('given an account at its limit, then others go on', () => {
    const { request } = given(1);
    request(5);
    expect(request(1)).toBe(5);
    expect(request(1, '2')).toBeUndefined();
  });

  it('given no limit, then nothing is refused', () => {
    const { request } = given(undefined);
    for (let count = 0; count < 100; count++) expect(request(1_000)).toBeUndefined();
  });

  it('given any requests, then no more than rate times time comes in, plus a second and the last batch', () => {
    const call = fc.record({ events: fc.integer({ min: 1, max: 30 }), pause: fc.nat(2_000) });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), fc.array(call, { maxLength: 100 }), (rate, calls) => {
        const { clock, request } = given(rate);
        const start = clock.now;
        let taken = 0;
        for (const { events, pause } of calls) {
          clock.now += pause;
          const wait = request(events);
          if (wait === undefined) taken += events;
          else expect(wait).toBeGreaterThanOrEqual(1);
          expect(taken).toBeLessThanOrEqual((rate * (clock.now - start)) / 1_000 + rate + 30);
        }
      }),
    );
  });

  it('given the seconds that it was told to wait, then an account may send again', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 5_000 }), (rate, events) => {
        const { clock, request } = given(rate);
        request(rate + events);
        clock.now += 1_000 * (request(1) ?? 0);
        expect(request(1)).toBeUndefined();
      }),
    );
  });
});
