import { ApiError } from '@postduif/contracts';
import { DatabaseError } from 'pg';

const RETRY_AFTER_SECONDS = 5;

/** SQLSTATE classes of mistakes in a statement or a value: asking again will not help. */
const MISTAKE = /^(22|42)/;
const UNDEFINED_TABLE = '42P01';
const QUERY_CANCELED = '57014';

/** SQLSTATE of an error, when PostgreSQL gave one. */
export function sqlState(error: unknown): string | undefined {
  return error instanceof DatabaseError ? error.code : undefined;
}

/** What an API answers when a query failed: PostgreSQL is away or too slow (503), unless the query itself is wrong. */
export function asApiError(error: unknown): unknown {
  const state = sqlState(error);
  if (state !== undefined && state !== UNDEFINED_TABLE && MISTAKE.test(state)) return error;
  const detail =
    state === QUERY_CANCELED
      ? 'The search took too long. Narrow it with `after` and `before`, or try again.'
      : undefined;
  return new ApiError('store_unavailable', detail, { retryAfterSeconds: RETRY_AFTER_SECONDS, cause: error });
}

/** An error for a log line. PostgreSQL's `detail` and `where`, and the message of a data error, repeat values: not those. */
export function describeError(error: unknown): { name: string; code?: string; message: string } {
  if (!(error instanceof Error)) return { name: 'Error', message: 'unknown' };
  const code = (error as { code?: unknown }).code;
  const state = sqlState(error);
  const message = state !== undefined && /^2[23]/.test(state) ? 'PostgreSQL refuses the data' : error.message;
  return { name: error.name, ...(typeof code === 'string' ? { code } : {}), message };
}
