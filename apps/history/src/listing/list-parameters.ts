import { ApiError, fieldErrors, moment } from '@postduif/contracts';
import type { FieldError } from '@postduif/contracts';
import { z } from 'zod';

const DEFAULT_LIMIT = 50;
const MOST_LIMIT = 500;
/** What PostgreSQL and ISO 8601 with four digits can both say. */
const LATEST = Date.UTC(9999, 11, 31);

/** Text to look for; the columns hold nothing longer. */
export const searchText = z
  .string('give it once')
  .min(1, 'may not be empty')
  .max(320, 'may have at most 320 characters');

const instant = moment.transform((text) => Math.min(LATEST, Math.max(0, Date.parse(text))));

/** Parameters that every list has. */
export const pageParameters = {
  /** Only rows later than this. */
  after: instant.optional(),
  /** Only rows earlier than this. */
  before: instant.optional(),
  limit: z
    .string('give it once')
    .regex(/^\d{1,3}$/, `must be a whole number from 1 to ${MOST_LIMIT}`)
    .transform(Number)
    .pipe(z.int().min(1, 'must be at least 1').max(MOST_LIMIT, `must be at most ${MOST_LIMIT}`))
    .default(DEFAULT_LIMIT),
  cursor: z.string('give it once').max(200, 'is too long for a cursor').optional(),
};

/** Checks query parameters; throws `invalid_request` that names each that is unknown or wrong. */
export function parseParameters<S extends z.ZodRawShape>(
  schema: z.ZodObject<S>,
  query: unknown,
): z.output<z.ZodObject<S>> {
  const parsed = schema.safeParse(query);
  if (parsed.success) return parsed.data;
  const known = Object.keys(schema.shape).join(', ');
  const unknown = parsed.error.issues.flatMap((issue) => (issue.code === 'unrecognized_keys' ? issue.keys : []));
  const errors: FieldError[] = [
    ...unknown.slice(0, 20).map((path) => ({ path, message: `is not a parameter of this call; it takes ${known}` })),
    ...fieldErrors(parsed.error).filter(({ path }) => !unknown.includes(path)),
  ];
  const names = errors.map(({ path }) => path).join(', ');
  throw new ApiError('invalid_request', `These parameters are not right: ${names}.`, { errors });
}
