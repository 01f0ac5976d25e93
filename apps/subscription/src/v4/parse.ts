import { fieldErrors, plainMessage } from '@postduif/contracts';
import type { z } from 'zod';
import { invalid } from './invalid.js';

/** What a caller of `/v4` sent. Throws what is wrong with it in one sentence. */
export function parse<S extends z.ZodType>(schema: S, given: unknown): z.output<S> {
  const result = schema.safeParse(given === undefined ? {} : given, { error: plainMessage });
  if (result.success) return result.data;
  const problems = fieldErrors(result.error).map(({ path, message }) =>
    path === '' ? message : `${path}: ${message}`,
  );
  throw invalid(problems.join('; '));
}
