import { ApiError } from '@postduif/contracts';
import { DatabaseError } from 'pg';

const RETRY_AFTER_SECONDS = 5;
/** SQLSTATE classes of mistakes in a statement, a value or a constraint: asking again will not help. */
const MISTAKE = /^(22|23|42)/;
const UNDEFINED_TABLE = '42P01';
/** PostgreSQL stores any character but NUL. */
const CHARACTER_NOT_IN_REPERTOIRE = '22021';

/** What a failed query means to an API: PostgreSQL is away or not migrated yet (503), unless the query or a value in it is wrong. */
export function asApiError(error: unknown): unknown {
  const state = error instanceof DatabaseError ? error.code : undefined;
  if (state === CHARACTER_NOT_IN_REPERTOIRE) return new ApiError('invalid_request', 'Leave out the NUL character.');
  if (state !== undefined && state !== UNDEFINED_TABLE && MISTAKE.test(state)) return error;
  return new ApiError('store_unavailable', undefined, { retryAfterSeconds: RETRY_AFTER_SECONDS, cause: error });
}

/** An error for a log line. PostgreSQL's `detail` and `where`, and the message of a data error, repeat values: not those. */
export function describeError(error: unknown): { name: string; code?: string; message: string } {
  const root = error instanceof ApiError && error.options.cause !== undefined ? error.options.cause : error;
  if (!(root instanceof Error)) return { name: 'Error', message: 'unknown' };
  const { code } = root as { code?: unknown };
  const isAboutData = root instanceof DatabaseError && /^2[23]/.test(root.code ?? '');
  const message = isAboutData ? 'PostgreSQL refuses the data' : root.message;
  return { name: root.name, ...(typeof code === 'string' ? { code } : {}), message };
}

/** Whether a statement was refused by a constraint. */
export function isViolationOf(error: unknown, constraint: string): boolean {
  return error instanceof DatabaseError && error.constraint === constraint;
}
