import { MAX_RETRY_AFTER_MS } from './retry-after.js';

/** Why a retry schedule is refused. Stable. */
export type RetryScheduleErrorCode =
  'schedule_not_a_list' | 'schedule_too_long' | 'schedule_delay_out_of_bounds' | 'schedule_total_too_long';

export class RetryScheduleError extends Error {
  override readonly name = 'RetryScheduleError';

  constructor(
    readonly code: RetryScheduleErrorCode,
    message: string,
  ) {
    super(message);
  }
}

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Most delays in a schedule. */
export const MAX_DELAYS = 20;
/** Longest schedule in all, in seconds: 7 days. */
export const MAX_SCHEDULE_SECONDS = 7 * DAY;

/** Seconds between attempts: 8 attempts over about 24 hours (design, section 5). */
export const DEFAULT_RETRY_SCHEDULE: readonly number[] = [
  5,
  MINUTE,
  5 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  6 * HOUR,
  15 * HOUR,
];

/**
 * Checks a schedule: seconds between attempts, at most 20 delays, each a whole number from 1 second to 7 days, at most 7 days in
 * all. An empty list means one attempt and no retry. Throws `RetryScheduleError`.
 */
export function parseRetrySchedule(schedule: unknown): readonly number[] {
  if (!Array.isArray(schedule))
    throw new RetryScheduleError('schedule_not_a_list', 'A schedule is a list of seconds, such as [5, 60, 300].');
  const delays: readonly unknown[] = schedule;
  if (delays.length > MAX_DELAYS)
    throw new RetryScheduleError('schedule_too_long', `A schedule has at most ${MAX_DELAYS} delays.`);
  const seconds = delays.map((delay) => {
    if (typeof delay === 'number' && Number.isInteger(delay) && delay >= 1 && delay <= MAX_SCHEDULE_SECONDS)
      return delay;
    throw new RetryScheduleError(
      'schedule_delay_out_of_bounds',
      `Each delay is a whole number of seconds from 1 to ${MAX_SCHEDULE_SECONDS} (7 days).`,
    );
  });
  if (seconds.reduce((sum, delay) => sum + delay, 0) > MAX_SCHEDULE_SECONDS)
    throw new RetryScheduleError(
      'schedule_total_too_long',
      `The delays add up to at most ${MAX_SCHEDULE_SECONDS} seconds (7 days).`,
    );
  return seconds;
}

/** Largest part of a delay that jitter adds. */
export const JITTER = 0.2;

export interface FailedAttempt {
  /** Seconds between attempts. */
  readonly schedule: readonly number[];
  /** Number of the attempt that has just failed, from 1. */
  readonly attempt: number;
  /** Unix milliseconds. */
  readonly now: number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** What the receiver asked for, in milliseconds; more than 24 hours count as 24 hours. Default 0. */
  readonly retryAfterMs?: number | undefined;
}

/**
 * When the next attempt is due: the schedule's delay times a factor uniformly in [1, 1.2), so never before the delay; later if the
 * receiver's `Retry-After` says so, which never makes it earlier. `exhausted` when the schedule has no further attempt.
 */
export function nextAttempt({
  schedule,
  attempt,
  now,
  random,
  retryAfterMs = 0,
}: FailedAttempt): { readonly dueAt: number } | { readonly exhausted: true } {
  const delay = schedule[attempt - 1];
  if (delay === undefined) return { exhausted: true };
  const delayMs = delay * 1_000 * (1 + JITTER * random());
  return { dueAt: Math.ceil(now + Math.max(delayMs, Math.min(retryAfterMs, MAX_RETRY_AFTER_MS))) };
}
