import { describe, expect, it } from '@jest/globals';
import { now } from '../measuring/clock.js';
import { closedLoop, paced } from './pace.js';

describe('an open loop', () => {
  it('given a rate, begins each in turn, never before its moment, moments evenly apart', async () => {
    const begun: { index: number; intended: number; early: boolean }[] = [];
    await paced({ count: 50, rate: 1_000 }, (index, intended) => {
      begun.push({ index, intended, early: now() < intended });
    });
    expect(begun.map(({ index }) => index)).toEqual(Array.from({ length: 50 }, (_, index) => index));
    expect(begun.some(({ early }) => early)).toBe(false);
    const gaps = begun.slice(1).map(({ intended }, index) => intended - (begun[index]?.intended ?? 0));
    for (const gap of gaps) expect(gap).toBeCloseTo(1, 3);
  });
});

describe('a closed loop', () => {
  it('given work that takes as long as it likes, does each once and never more at a time than it has lanes', async () => {
    const done: number[] = [];
    let busy = 0;
    let most = 0;
    await closedLoop(20, 3, async (index) => {
      busy += 1;
      most = Math.max(most, busy);
      for (let turn = 0; turn < index % 4; turn += 1) await Promise.resolve();
      busy -= 1;
      done.push(index);
    });
    expect(done.sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, index) => index));
    expect(most).toBe(3);
  });
});
