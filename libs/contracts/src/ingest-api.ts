import { z } from 'zod';
import { fieldErrorView, problemView } from './errors.js';

/** The answer to `POST /v1/events` with one event. */
export const eventAccepted = z.object({ id: z.string() });

/** Why one event of a batch was refused. */
export const itemError = z.object({
  index: z.int().nonnegative().describe('Place in the batch, from 0.'),
  code: problemView.shape.code,
  detail: z.string(),
  errors: z.array(fieldErrorView).readonly().optional().describe('Wrong fields, where there are any.'),
});

export type ItemError = Readonly<z.output<typeof itemError>>;

/** The answer to a batch of which at least one event was accepted. */
export const batchAccepted = z.object({
  ids: z.array(z.string().nullable()).readonly().describe('The id of each event in order; null where it was refused.'),
  errors: z.array(itemError).readonly(),
});

export type BatchAccepted = Readonly<z.output<typeof batchAccepted>>;

/** Problem details of a batch of which no event was accepted. */
export const batchProblem = problemView.extend({ errors: z.array(itemError).readonly() });

export type BatchProblem = Readonly<z.output<typeof batchProblem>>;
