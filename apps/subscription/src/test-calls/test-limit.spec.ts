import { describe, expect, it } from '@jest/globals';
import { ApiError } from '@postduif/contracts';
import fc from 'fast-check';
import { TestLimit } from './test-limit.js';

function given(perMinute: number) {
  const clock = { now: 5_000 };
  const limit = new TestLimit(perMinute, () => clock.now);
  /** Undefined when it may go on, else the seconds to wait. */
  const take = (tests = 1, account = '1'): number | undefined => {
    try {
      limit.take(account, tests);
      return undefined;
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== 'test_rate_limited') throw error;
      return error.options.retryAfterSeconds;
    }
  };
  return { clock, take };
}

describe('the limit of tests', () => {
  it('given as many as a minute allows, then the next is refused until the first is a minute ago', () => {
    const { clock, take } = given(2);
    expect(take()).toBeUndefined();
    clock.now += 10_000;
    expect(take()).toBeUndefined();
    expect(take()).toBe(50);
    clock.now += 50_000;
    expect([take(), take()]).toEqual([undefined, 10]);
  });

  it('given several at once, takes all or none, and says when there is room for all', () => {
    const { clock, take } = given(5);
    expect(take(3)).toBeUndefined();
    clock.now += 20_000;
    expect([take(3), take(2), take(1)]).toEqual([40, undefined, 40]);
  });

  it('given more at once than a minute allows, takes them when nothing else was sent', () => {
    const { clock, take } = given(2);
    expect([take(9), take(9)]).toEqual([undefined, 60]);
    clock.now += 60_000;
    expect(take()).toBeUndefined();
  });

  it('given an account at its limit, then others go on', () => {
    const { take } = given(1);
    expect([take(), take(1, '2'), take()]).toEqual([undefined, undefined, 60]);
  });

  it('given the seconds that it was told to wait, then an account may test again, and never more than a minute allows', () => {
    const steps = fc.array(fc.record({ tests: fc.integer({ min: 1, max: 4 }), pause: fc.nat(40_000) }), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(fc.integer({ min: 4, max: 8 }), steps, (perMinute, calls) => {
        const { clock, take } = given(perMinute);
        const taken: number[] = [];
        const note = (tests: number): void => {
          for (let test = 0; test < tests; test++) taken.push(clock.now);
          expect(taken.filter((at) => at > clock.now - 60_000).length).toBeLessThanOrEqual(perMinute);
        };
        for (const { tests, pause } of calls) {
          clock.now += pause;
          const wait = take(tests);
          if (wait !== undefined) {
            clock.now += wait * 1_000;
            expect(take(tests)).toBeUndefined();
          }
          note(tests);
        }
      }),
    );
  });
});
