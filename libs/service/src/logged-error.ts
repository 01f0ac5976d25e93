import { pino } from 'pino';

const { errWithCause } = pino.stdSerializers;

/** SQLSTATE classes whose messages repeat values. */
const ABOUT_DATA = /^2[23]/;

/** An error for a log line. Of one of PostgreSQL's only what repeats nothing of what it was sent: no `detail` and no `where`. */
export function loggedError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  if (isFromPostgres(error)) {
    const message = ABOUT_DATA.test(error.code) ? 'PostgreSQL refuses the data' : error.message;
    return { type: error.name, code: error.code, message, stack: framesOf(error) };
  }
  return { ...errWithCause(error), ...('cause' in error ? { cause: loggedError(error.cause) } : {}) };
}

function isFromPostgres(error: Error): error is Error & { code: string } {
  return 'severity' in error && 'code' in error && typeof error.code === 'string';
}

/** A stack begins with the message. */
function framesOf({ stack = '' }: Error): string {
  return stack.slice(Math.max(0, stack.search(/\n +at /)));
}
