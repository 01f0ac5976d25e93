import { integer } from '@postduif/service';
import { z } from 'zod';

/** Settings of history, beside the common ones. */
export const historySettings = {
  /** PostgreSQL, `postgres://user:password@host:port/database`. The schema `history` is made in it. */
  DATABASE_URL: z
    .string('set it to postgres://user:password@host:port/database')
    .regex(/^postgres(ql)?:\/\//, 'must be postgres://user:password@host:port/database'),
  /** Days that events and attempts are kept, beside today. */
  HISTORY_RETENTION_DAYS: integer(1, 3_650).default(30),
};
