import { ApiError } from '@postduif/contracts';
import { DEFAULT_RETRY_SCHEDULE, parseRetrySchedule, RetryScheduleError } from '@postduif/retry-schedule';
import type { Queries } from '../database/database.js';

/** How fast the deliveries of a webhook may go, and how they are repeated. */
export interface Pace {
  /** Seconds between attempts. */
  readonly schedule: readonly number[];
  /** Requests in flight at once. */
  readonly concurrency: number;
  /** Requests a second; null: no limit. */
  readonly rate: number | null;
}

/** What an account has chosen for its webhooks; null is the default. */
export type ChosenPace = { readonly [K in keyof Pace]: Pace[K] | null };

export const DEFAULT_PACE: Pace = { schedule: DEFAULT_RETRY_SCHEDULE, concurrency: 10, rate: null };

/** What an account's webhooks get that say nothing of it themselves. */
export function paceOf({ schedule, concurrency, rate }: ChosenPace): Pace {
  return {
    schedule: schedule ?? DEFAULT_PACE.schedule,
    concurrency: concurrency ?? DEFAULT_PACE.concurrency,
    rate: rate ?? DEFAULT_PACE.rate,
  };
}

/** The same, of an account in the database. */
export async function defaultPace(queries: Queries, account: string): Promise<Pace> {
  const [chosen] = await queries.query<ChosenPace>(
    'SELECT schedule, concurrency, rate FROM config.accounts WHERE id = $1',
    [account],
  );
  return chosen === undefined ? DEFAULT_PACE : paceOf(chosen);
}

/** Throws `invalid_request`, which names the property. */
export function checkedSchedule(schedule: readonly number[], property = 'schedule'): readonly number[] {
  try {
    return parseRetrySchedule(schedule);
  } catch (error) {
    if (error instanceof RetryScheduleError) throw invalidProperty(property, error.message);
    throw error;
  }
}

export function invalidProperty(path: string, message: string): ApiError {
  return new ApiError('invalid_request', `Invalid data provided: ${path}: ${message}`, { errors: [{ path, message }] });
}
