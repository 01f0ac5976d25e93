import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { CircuitBreaker } from './circuit-breaker.js';

const options = { threshold: 3, firstPauseMs: 1_000, longestPauseMs: 4_000 };

function opened(at: number): CircuitBreaker {
  const breaker = new CircuitBreaker(options);
  for (let failure = 0; failure < options.threshold; failure++) breaker.failed(at, false);
  return breaker;
}

describe('CircuitBreaker', () => {
  it('given failures below the threshold, when a success comes, then it counts from the beginning', () => {
    const breaker = new CircuitBreaker(options);
    for (const fails of [true, true, false, true, true]) {
      if (fails) breaker.failed(0, false);
      else breaker.succeeded();
    }

    expect(breaker.state).toBe('closed');
  });

  it('given an open breaker, when its pause is over, then exactly one probe goes', () => {
    const breaker = opened(100);

    expect(breaker.admit(500)).toEqual({ admitted: false, until: 1_100 });
    expect(breaker.admit(1_100)).toEqual({ admitted: true, probe: true });
    expect(breaker.admit(1_100)).toEqual({ admitted: false, until: 2_100 });
  });

  it('given an open breaker, when the clock is set back, then its pause ends no later than one that begins then', () => {
    const breaker = opened(3_600_000);

    expect(breaker.admit(0)).toEqual({ admitted: false, until: 1_000 });
    expect(breaker.admit(1_000)).toEqual({ admitted: true, probe: true });
  });

  it('given failing probes, when they go on, then the pauses double up to the longest', () => {
    const breaker = opened(0);
    const pauses: number[] = [];
    let now = 0;
    for (let probe = 0; probe < 5; probe++) {
      const probeAt = breaker.admitsFrom(now);
      pauses.push(probeAt - now);
      now = probeAt;
      expect(breaker.admit(now)).toEqual({ admitted: true, probe: true });
      breaker.failed(now, true);
    }

    expect(pauses).toEqual([1_000, 2_000, 4_000, 4_000, 4_000]);
  });

  it('given a probe under way, when requests from before it opened fail, then they change nothing', () => {
    const breaker = opened(0);
    breaker.admit(1_000);
    breaker.failed(1_500, false);

    expect(breaker.state).toBe('probing');
  });

  it('given a probe that is not sent after all, then the next request is the probe', () => {
    const breaker = opened(0);
    breaker.admit(1_000);
    breaker.withdraw(1_000);

    expect(breaker.admit(1_000)).toEqual({ admitted: true, probe: true });
  });

  it('given any requests that overlap in any way, then it opens only after failures in a row, and then only probes go, one at a time', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('ask' as const), wait: fc.integer({ min: 0, max: 3_000 }) }),
      fc.record({ kind: fc.constant('end' as const), pick: fc.nat(), succeeds: fc.boolean() }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const breaker = new CircuitBreaker(options);
        const underWay: { probe: boolean }[] = [];
        let now = 0;
        let failuresInARow = 0;
        for (const one of steps) {
          const before = breaker.state;
          if (one.kind === 'ask') {
            now += one.wait;
            const admission = breaker.admit(now);
            if (!admission.admitted) {
              expect(before).not.toBe('closed');
              expect(admission.until).toBeGreaterThan(now);
            } else {
              expect(admission.probe).toBe(before !== 'closed');
              underWay.push(admission);
            }
          } else {
            const [ended] = underWay.splice(one.pick % Math.max(1, underWay.length), 1);
            if (ended === undefined) continue;
            if (one.succeeds) breaker.succeeded();
            else breaker.failed(now, ended.probe);
            failuresInARow = one.succeeds ? 0 : failuresInARow + 1;
            if (one.succeeds) expect(breaker.state).toBe('closed');
            if (before === 'closed' && breaker.state !== 'closed')
              expect(failuresInARow).toBeGreaterThanOrEqual(options.threshold);
          }
          if (breaker.state === 'probing')
            expect(underWay.filter(({ probe }) => probe).length).toBeGreaterThanOrEqual(1);
        }
      }),
    );
  });
});
