import { describe, expect, it } from '@jest/globals';
import { WHEEL_TIERS } from '@postduif/contracts';
import { tierFor } from '@postduif/retry-schedule';
import fc from 'fast-check';
import { SimulatedClock } from '../engine/simulated-clock.js';
import { Wheel } from './wheel.js';
import type { Waiting } from './wheel.js';

const delayOf = (topic: string): number => WHEEL_TIERS.find((tier) => tier.name === topic)!.delayMs;

/** A wheel whose topics are in memory: what it forwards enters again at once. */
function simulate(clock: SimulatedClock, delivered: (dueAt: number, at: number) => void) {
  const wheel = new Wheel<Waiting>({
    clock,
    delayOf,
    forward: (waiting, now) => {
      if (waiting.dueAt <= now) delivered(waiting.dueAt, now);
      else enter(waiting.dueAt, now);
      return Promise.resolve();
    },
    failed: (error) => {
      throw error;
    },
  });
  const enter = (dueAt: number, now: number): void => {
    wheel.add({ topic: tierFor(dueAt - now).name, partition: 0, enteredAt: now, dueAt, done: () => undefined });
  };
  return { wheel, enter };
}

describe('Wheel', () => {
  it('given any due times up to two days away, then each is released once, never early and at most a second late', async () => {
    const dues = fc.array(fc.integer({ min: 0, max: 2 * 24 * 3_600_000 }), { maxLength: 50 });
    await fc.assert(
      fc.asyncProperty(dues, async (delays) => {
        const clock = new SimulatedClock();
        const late: number[] = [];
        const { wheel, enter } = simulate(clock, (dueAt, at) => late.push(at - dueAt));
        const start = clock.now();
        for (const delay of delays) enter(start + delay, start);

        await clock.advance(2 * 24 * 3_600_000 + 2_000);

        expect(late).toHaveLength(delays.length);
        expect(late.every((ms) => ms >= 0 && ms <= 1_000)).toBe(true);
        expect(wheel.waiting).toBe(0);
      }),
      { numRuns: 30 },
    );
  });

  it('given a partition that was taken away, when its records fall due, then nothing is forwarded', async () => {
    const clock = new SimulatedClock();
    const delivered: number[] = [];
    const { wheel, enter } = simulate(clock, (dueAt) => delivered.push(dueAt));
    enter(clock.now() + 900, clock.now());

    wheel.drop('1s', 0);
    await clock.advance(5_000);

    expect(delivered).toEqual([]);
  });
});
