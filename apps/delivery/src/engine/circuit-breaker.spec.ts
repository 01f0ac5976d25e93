import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { CircuitBreaker } from './circuit-breaker.js';

const options = { threshold: 3, firstPauseMs: 1_000, longestPauseMs: 4_000 };

describe('CircuitBreaker', () => {
  it('given failures below the threshold, when a success comes, then it counts from the beginning', () => {
    const breaker = new CircuitBreaker(options);
    breaker.failed(0);
    breaker.failed(0);
    breaker.succeeded();
    breaker.failed(0);
    breaker.failed(0);

    expect(breaker.state).toBe('closed');
  });

  it('given an open breaker, when its pause is over, then exactly one probe goes', () => {
    const breaker = new CircuitBreaker(options);
    for (let failure = 0; failure < 3; failure++) breaker.failed(100);

    expect(breaker.admit(500)).toBe(1_100);
    expect(breaker.admit(1_100)).toBe(true);
    expect(breaker.admit(1_100)).not.toBe(true);
  });

  it('given failing probes, when they go on, then the pauses double up to the longest', () => {
    const breaker = new CircuitBreaker(options);
    for (let failure = 0; failure < 3; failure++) breaker.failed(0);
    const pauses: number[] = [];
    let now = 0;
    for (let probe = 0; probe < 5; probe++) {
      const admitted = breaker.admit(now);
      if (admitted === true) throw new Error('should be open');
      pauses.push(admitted - now);
      now = admitted;
      expect(breaker.admit(now)).toBe(true);
      breaker.failed(now);
    }

    expect(pauses).toEqual([1_000, 2_000, 4_000, 4_000, 4_000]);
  });

  it('given any history of requests, then while it is not closed at most one is under way', () => {
    const step = fc.record({ wait: fc.integer({ min: 0, max: 3_000 }), succeeds: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const breaker = new CircuitBreaker(options);
        let now = 0;
        for (const { wait, succeeds } of steps) {
          now += wait;
          const open = breaker.state !== 'closed';
          if (breaker.admit(now) !== true) continue;
          if (open) expect(breaker.admit(now)).not.toBe(true);
          if (succeeds) breaker.succeeded();
          else breaker.failed(now);
          if (succeeds) expect(breaker.state).toBe('closed');
        }
      }),
    );
  });
});
