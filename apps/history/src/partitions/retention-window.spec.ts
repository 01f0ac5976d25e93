import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DAY_MS, dayOf, RetentionWindow } from './retention-window.js';

const NOW = Date.UTC(2026, 0, 15, 10, 20, 30);
const window = new RetentionWindow(30, () => NOW);

describe('RetentionWindow', () => {
  it('leaves times alone that are within retention', () => {
    for (const time of [NOW, NOW - 29 * DAY_MS, NOW + 60_000]) expect(window.place(time)).toBe(time);
  });

  it('given a time of 1970, places it at the beginning of the oldest day', () => {
    expect(window.place(0)).toBe(Date.UTC(2025, 11, 16));
  });

  it('given a time far ahead, places it now', () => {
    expect(window.place(Date.UTC(2100, 0, 1))).toBe(NOW);
  });

  it('places any number on a day that is kept', () => {
    fc.assert(
      fc.property(fc.oneof(fc.double(), fc.maxSafeInteger()), (time) => {
        const day = dayOf(window.place(time));
        expect(day).toBeGreaterThanOrEqual(window.oldestDay);
        expect(day).toBeLessThanOrEqual(window.today);
      }),
    );
  });
});
