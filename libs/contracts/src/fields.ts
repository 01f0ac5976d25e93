import { z } from 'zod';
import type { FieldError } from './errors.js';

/** Flattens Zod's issues to the public form of field errors. At most 20; values are never repeated. */
export function fieldErrors(error: z.ZodError): FieldError[] {
  return error.issues.slice(0, 20).map((issue) => ({ path: issue.path.map(String).join('.'), message: issue.message }));
}

/** Positive integer id of Copernica (database, collection, profile, …). Digits in a string are taken too (headers, forms). */
export const numericId = z
  .union(
    [
      z.number(),
      z
        .string()
        .regex(/^[0-9]{1,16}$/, 'must be a positive whole number')
        .transform(Number),
    ],
    {
      error: 'must be a positive whole number',
    },
  )
  .pipe(z.int('must be a positive whole number').positive('must be a positive whole number'));

/** Account id: `[A-Za-z0-9_-]{1,64}`; Copernica's are numbers. */
export const accountId = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be 1 to 64 letters, digits, `_` or `-`');

/** A moment: RFC 3339, or Copernica's `YYYY-MM-DD HH:MM:SS`, which is UTC (spec section 3.3). Always ISO 8601 UTC afterwards. */
export const moment = z.union(
  [
    z.iso.datetime({ offset: true }),
    z
      .string()
      .regex(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/)
      .transform((text) => `${text.replace(' ', 'T')}Z`)
      .pipe(z.iso.datetime()),
  ],
  { error: 'must be a time such as 2026-01-15T10:20:30Z' },
);
