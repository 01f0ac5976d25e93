import { describe, expect, it } from '@jest/globals';
import { WHEEL_TIERS } from '@postduif/contracts';
import fc from 'fast-check';
import {
  DEFAULT_RETRY_SCHEDULE,
  MAX_RETRY_AFTER_MS,
  nextAttempt,
  parseRetryAfter,
  parseRetrySchedule,
  RetryScheduleError,
  tierFor,
} from './index.js';

const NOW = Date.UTC(2026, 0, 15, 10, 20, 30);
const delay = fc.integer({ min: 1, max: 30_000 });

describe('parseRetrySchedule', () => {
  it('given the default schedule, then it is valid and makes eight attempts over about 24 hours', () => {
    expect(parseRetrySchedule(DEFAULT_RETRY_SCHEDULE)).toEqual(DEFAULT_RETRY_SCHEDULE);
    expect(DEFAULT_RETRY_SCHEDULE).toHaveLength(7);
    expect(DEFAULT_RETRY_SCHEDULE.reduce((sum, seconds) => sum + seconds, 0) / 3_600).toBeCloseTo(23.6, 1);
  });

  it.each([
    ['schedule_not_a_list', '5,60'],
    ['schedule_too_long', Array.from({ length: 21 }, () => 1)],
    ['schedule_delay_out_of_bounds', [0]],
    ['schedule_delay_out_of_bounds', [1.5]],
    ['schedule_delay_out_of_bounds', ['5']],
    ['schedule_delay_out_of_bounds', [Number.NaN]],
    ['schedule_delay_out_of_bounds', [604_801]],
    ['schedule_total_too_long', [604_800, 1]],
  ])('given a schedule out of bounds, then it is refused with %s', (code, schedule) => {
    expect(() => parseRetrySchedule(schedule)).toThrow(RetryScheduleError);
    expect(() => parseRetrySchedule(schedule)).toThrow(expect.objectContaining({ code }));
  });
});

describe('nextAttempt', () => {
  it('given any schedule, then the next attempt is never before its delay nor more than 20 % after it', () => {
    fc.assert(
      fc.property(
        fc.array(delay, { minLength: 1, maxLength: 20 }),
        fc.nat(),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (schedule, pick, random) => {
          const attempt = (pick % schedule.length) + 1;
          const next = nextAttempt({ schedule, attempt, now: NOW, random: () => random });
          if ('exhausted' in next) throw new Error('should go on');
          const wait = next.dueAt - NOW;
          expect(wait).toBeGreaterThanOrEqual(schedule[attempt - 1]! * 1_000);
          expect(wait).toBeLessThanOrEqual(schedule[attempt - 1]! * 1_200 + 1);
        },
      ),
    );
  });

  it('given an empty schedule, then the first attempt is the last', () => {
    expect(parseRetrySchedule([])).toEqual([]);
    expect(nextAttempt({ schedule: [], attempt: 1, now: NOW, random: () => 0 })).toEqual({ exhausted: true });
  });

  it('given a schedule of n delays, then attempt n+1 is the last', () => {
    fc.assert(
      fc.property(fc.array(delay, { maxLength: 20 }), (schedule) => {
        expect(nextAttempt({ schedule, attempt: schedule.length + 1, now: NOW, random: () => 0 })).toEqual({
          exhausted: true,
        });
      }),
    );
  });

  it('given Retry-After, then the later of both holds', () => {
    const failed = { schedule: [10], attempt: 1, now: NOW, random: () => 0 };
    expect(nextAttempt({ ...failed, retryAfterMs: 60_000 })).toEqual({ dueAt: NOW + 60_000 });
    expect(nextAttempt({ ...failed, retryAfterMs: 1_000 })).toEqual({ dueAt: NOW + 10_000 });
  });

  it('given a Retry-After of more than 24 hours, then it counts as 24 hours, and a longer delay still holds', () => {
    const failed = { attempt: 1, now: NOW, random: () => 0, retryAfterMs: 9 * MAX_RETRY_AFTER_MS };
    expect(nextAttempt({ ...failed, schedule: [10] })).toEqual({ dueAt: NOW + MAX_RETRY_AFTER_MS });
    expect(nextAttempt({ ...failed, schedule: [172_800] })).toEqual({ dueAt: NOW + 172_800_000 });
  });
});

describe('parseRetryAfter', () => {
  it.each([
    ['120', 120_000],
    [' 0 ', 0],
    ['-1', 0],
    ['99999999999', MAX_RETRY_AFTER_MS],
    ['Thu, 15 Jan 2026 10:21:30 GMT', 60_000],
    ['Thursday, 15-Jan-26 10:21:30 GMT', 60_000],
    ['Thu Jan 15 10:21:30 2026', 60_000],
    ['Mon Jan  5 10:21:30 2026', 0],
    ['Tuesday, 15-Jan-80 10:20:30 GMT', 0],
    ['Wed, 15 Jan 2031 10:20:30 GMT', MAX_RETRY_AFTER_MS],
  ])('given %j, then it is understood', (value, wait) => {
    expect(parseRetryAfter(value, NOW)).toBe(wait);
  });

  it.each([
    '',
    '-',
    '+1',
    '1.5',
    '1e3',
    'soon',
    '2026-01-15T10:21:30Z',
    'Fri, 31 Feb 2026 10:00:00 GMT',
    'Thu, 15 Foo 2026 10:20:30 GMT',
    'Thu, 15 Jan 2026 25:00:00 GMT',
  ])('given %j, then it is ignored', (value) => {
    expect(parseRetryAfter(value, NOW)).toBeUndefined();
  });

  it('given any date as toUTCString writes it, then the wait is exact within the bounds', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1_000_000, max: 1_000_000 }), (seconds) => {
        const date = new Date(NOW + seconds * 1_000).toUTCString();
        expect(parseRetryAfter(date, NOW)).toBe(Math.min(Math.max(seconds * 1_000, 0), MAX_RETRY_AFTER_MS));
      }),
    );
  });
});

/** The tiers that a record due in `dueInMs` passes, and when it is back. */
function hops(dueInMs: number): { tiers: number[]; backAt: number } {
  const tiers: number[] = [];
  let now = 0;
  while (now < dueInMs) {
    const { delayMs } = tierFor(dueInMs - now);
    tiers.push(delayMs);
    now += Math.min(delayMs, dueInMs - now);
  }
  return { tiers, backAt: now };
}

describe('tierFor', () => {
  it('given any rest, then it is the longest tier that fits within a second, or the shortest', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1_000, max: 7 * 24 * 3_600_000 }), (rest) => {
        const tier = tierFor(rest);
        const longer = WHEEL_TIERS.filter((other) => other.delayMs > tier.delayMs);
        expect(longer.every((other) => other.delayMs - 1_000 > rest)).toBe(true);
        expect(tier.delayMs - 1_000 <= rest || tier === WHEEL_TIERS[0]).toBe(true);
      }),
    );
  });

  it('given any rest up to seven days, then hopping ends when it is due, and takes few hops', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 7 * 24 * 3_600_000 }), (due) => {
        const { tiers, backAt } = hops(due);
        expect(backAt).toBe(due);
        expect(tiers.length).toBeLessThanOrEqual(40);
        expect(tiers).toEqual(tiers.toSorted((a, b) => b - a));
      }),
    );
  });

  it('given any records in one partition of a tier of which only the head is watched, then each leaves within the delay', () => {
    const arrival = fc.record({ gap: fc.nat(5_000), rest: fc.nat(60_000) });
    fc.assert(
      fc.property(fc.array(arrival, { minLength: 1, maxLength: 30 }), (arrivals) => {
        const heads = new Map<number, number>();
        let entered = 0;
        for (const { gap, rest } of arrivals) {
          entered += gap;
          const { delayMs } = tierFor(rest);
          const released = Math.max(Math.min(entered + rest, entered + delayMs), heads.get(delayMs) ?? 0);
          heads.set(delayMs, released);
          expect(released).toBeLessThanOrEqual(entered + delayMs);
          expect(released - (entered + rest)).toBeLessThanOrEqual(1_000);
        }
      }),
    );
  });
});
