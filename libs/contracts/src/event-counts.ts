import { z } from 'zod';

const span = { from: z.iso.datetime(), to: z.iso.datetime() };

/** `GET /v1/event-counts` of history: how many events of a type an account had in the last seven days. */
export const eventCounts = z.object({
  ...span,
  total: z.int().nonnegative(),
  complete: z.boolean().describe('False: there were so many that the oldest are not counted; the newest days are.'),
  days: z
    .array(z.object({ ...span, events: z.int().nonnegative() }))
    .describe('Seven times 24 hours, the oldest first.'),
});

export type EventCounts = z.output<typeof eventCounts>;
