import { describe, expect, it } from '@jest/globals';
import { RestartPause } from './restart-pause.js';

describe('the pause before a restart', () => {
  it('given a program that keeps dying, then it doubles from 1 s up to 10 s', () => {
    const pause = new RestartPause();

    expect([1, 2, 3, 4, 5, 6].map(() => pause.after(200))).toEqual([1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
  });

  it('given a program that has run for half a minute, then it is the first again', () => {
    const pause = new RestartPause();
    for (let time = 0; time < 5; time++) pause.after(200);

    expect(pause.after(29_999)).toBe(10_000);
    expect(pause.after(30_000)).toBe(1_000);
    expect(pause.after(200)).toBe(2_000);
  });
});
