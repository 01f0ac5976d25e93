import { describe, expect, it } from '@jest/globals';
import { RestartPause } from './restart-pause.js';

describe('the pause before a restart', () => {
  it('given a program that keeps dying, then it doubles from 0.1 s up to 10 s', () => {
    const pause = new RestartPause();

    expect(Array.from({ length: 9 }, () => pause.after(200))).toEqual([
      100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000,
    ]);
  });

  it('given a program that has run for half a minute, then it is the first again', () => {
    const pause = new RestartPause();
    for (let time = 0; time < 8; time++) pause.after(200);

    expect(pause.after(29_999)).toBe(10_000);
    expect(pause.after(30_000)).toBe(100);
    expect(pause.after(200)).toBe(200);
  });
});
