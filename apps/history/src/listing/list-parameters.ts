import { ApiError, fieldErrors } from '@postduif/contracts';
import type { FieldError } from '@postduif/contracts';
import type { z } from 'zod';

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
