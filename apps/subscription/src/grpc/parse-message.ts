import { ApiError, fieldErrors, plainMessage } from '@postduif/contracts';
import type { FieldError } from '@postduif/contracts';
import type { z } from 'zod';

/** What protobuf cannot say of a message: bounds and forms. `at` is where it stands in the request. Throws `invalid_request`. */
export function parseMessage<S extends z.ZodType>(schema: S, message: unknown, at?: string): z.output<S> {
  const result = schema.safeParse(message, { error: plainMessage });
  if (result.success) return result.data;
  throw badRequest(placed(fieldErrors(result.error), at));
}

export function badRequest(errors: readonly FieldError[]): ApiError {
  const detail = errors.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('; ');
  return new ApiError('invalid_request', detail, { errors });
}

/** Runs `work` on a part of the request; what it refuses is said of that part. */
export async function within<T>(at: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof ApiError && error.options.errors !== undefined)
      throw badRequest(placed(error.options.errors, at));
    throw error;
  }
}

function placed(errors: readonly FieldError[], at: string | undefined): readonly FieldError[] {
  if (at === undefined) return errors;
  return errors.map(({ path, message }) => ({ path: path === '' ? at : `${at}.${path}`, message }));
}
