import { z } from 'zod';
import type { FieldError } from './errors.js';

const MOST_ERRORS = 20;

/** Flattens Zod's issues to the public form of field errors. At most 20; values are never repeated. */
export function fieldErrors(error: z.ZodError): FieldError[] {
  return error.issues.flatMap(toFieldErrors).slice(0, MOST_ERRORS);
}

type Issue = z.core.$ZodIssue;

function toFieldErrors(issue: Issue): FieldError[] {
  const path = issue.path.map(String);
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({ path: [...path, key].join('.'), message: UNKNOWN_FIELD }));
  // The name of a member is not right: its own message says why.
  const message = (issue.code === 'invalid_key' ? issue.issues[0]?.message : undefined) ?? issue.message;
  return [{ path: path.join('.'), message }];
}

const UNKNOWN_FIELD = 'is not a known field: correct its name or leave it out';

const KINDS: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a JSON object',
  record: 'a JSON object',
};

/** Messages for people who do not know Zod, for schemas that say nothing themselves: `schema.safeParse(value, { error: plainMessage })`. */
export function plainMessage(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined ? 'is required' : `must be ${KINDS[issue.expected] ?? issue.expected}`;
    case 'invalid_value':
      return `must be ${issue.values.map(String).join(' or ')}`;
    case 'invalid_format':
      return issue.format === 'base64' ? 'must be base64 (RFC 4648 section 4, with padding)' : undefined;
    case 'too_small':
      if (issue.origin === 'string' && issue.minimum === 1) return 'may not be empty';
      return `must ${issue.origin === 'string' ? 'have at least' : 'be at least'} ${issue.minimum}${unit(issue.origin)}`;
    case 'too_big':
      return `must ${unit(issue.origin) === '' ? 'be' : 'have'} at most ${issue.maximum}${unit(issue.origin)}`;
    default:
      return undefined;
  }
}

function unit(origin: string): string {
  return origin === 'string' ? ' characters' : origin === 'array' ? ' items' : '';
}

/** The message of what is no list: a form that has a field twice, or a query, makes one of it. */
export function once(message: string): z.core.$ZodErrorMap {
  return ({ input }) => (Array.isArray(input) ? 'give it once' : message);
}

/** A member that is only shown. */
export const readOnly = z.unknown().optional().meta({
  readOnly: true,
  description: 'Ignored, whatever it is: whoever puts back what he has read may leave it in.',
});

/** Positive integer id of Copernica (database, collection, profile, …). Digits in a string are taken too (headers, forms). */
export const numericId = z
  .union(
    [
      z.number(),
      z
        .string()
        .regex(/^0*[1-9][0-9]{0,15}$/, 'must be a positive whole number')
        .transform(Number),
    ],
    {
      error: 'must be a positive whole number',
    },
  )
  .pipe(z.int('must be a positive whole number').positive('must be a positive whole number'));

/** Account id: `[A-Za-z0-9_-]{1,64}`; Copernica's are numbers. */
export const accountId = z
  .string('must be 1 to 64 letters, digits, `_` or `-`')
  .regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be 1 to 64 letters, digits, `_` or `-`');

/** Unicode's control characters, in the dialect of regular expressions that every reader of a document knows. */
export const CONTROL = String.raw`\u0000-\u001f\u007f-\u009f`;

const UNICODE = 'may not hold half of a surrogate pair (\\ud800 to \\udfff), which is no character';

/** Any text that UTF-8 can say. */
export const text = z.string().refine((given) => given.isWellFormed(), UNICODE);

/** One line of text: no control characters, which neither CloudEvents attributes (section 3.1) nor headers may hold. */
export const line = text.regex(new RegExp(`^[^${CONTROL}]*$`), 'may not contain control characters');

const MOMENT = 'must be a time such as 2026-01-15T10:20:30Z';

/**
 * A moment: RFC 3339, or Copernica's `YYYY-MM-DD HH:MM:SS`, which is UTC (spec section 3.3). Afterwards always ISO 8601 in UTC.
 */
export const moment = z
  .string(MOMENT)
  .transform((text) => (/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/.test(text) ? `${text.replace(' ', 'T')}Z` : text))
  .pipe(z.iso.datetime({ offset: true, error: MOMENT }))
  .transform((text) => (text.endsWith('Z') ? text : new Date(text).toISOString()))
  // For documents, which cannot say the transformations.
  .meta({ type: 'string', format: 'date-time' });

/** A moment in an event: in the years 1970 to 9999, which every receiver and store can say. */
export const eventMoment = moment.refine(
  (text) => /^(19[7-9]|[2-9]\d\d)\d-/.test(text),
  'must be in the years 1970 to 9999',
);
