import { integer } from '@postduif/service';
import { z } from 'zod';

/** Settings of history, beside the common ones. */
export const historySettings = {
  /** PostgreSQL, `postgres://user:password@host:port/database`. The schema `history` is made in it. */
  DATABASE_URL: z
    .string('set it to postgres://user:password@host:port/database')
    .regex(/^postgres(ql)?:\/\//, 'must be postgres://user:password@host:port/database'),
  /** Requests that a token, or an address without a valid one, may send to this instance in each second, 1 to 1,000,000. */
  API_RATE_LIMIT: integer(1, 1_000_000).default(1_000),
  /** Requests that it may send beyond that, within a minute, 1 to 1,000,000. */
  API_RATE_BURST: integer(1, 1_000_000).default(5_000),
  /** Days that events and attempts are kept, beside today. */
  HISTORY_RETENTION_DAYS: integer(1, 3_650).default(30),
};
