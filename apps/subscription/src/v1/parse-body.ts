import { ApiError, fieldErrors, plainMessage } from '@postduif/contracts';
import type { z } from 'zod';

/** What a caller of `/v1` sent. Throws `invalid_request` with the fields that are wrong. */
export function parseBody<S extends z.ZodType>(schema: S, given: unknown): z.output<S> {
  const result = schema.safeParse(given === undefined ? {} : given, { error: plainMessage });
  if (result.success) return result.data;
  throw new ApiError('invalid_request', undefined, { errors: fieldErrors(result.error) });
}
