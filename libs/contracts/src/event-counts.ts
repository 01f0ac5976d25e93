import { z } from 'zod';

const span = { from: z.iso.datetime(), to: z.iso.datetime() };

/** `GET /v1/event-counts` of history: how many events of a type an account had in the last seven days. */
export const eventCounts = z.object({
  ...span,
  total: z.int().nonnegative(),
  /** False: there were so many that the oldest are not counted; the newest days are. */
  complete: z.boolean(),
  /** Seven times 24 hours, the oldest first. */
  days: z.array(z.object({ ...span, events: z.int().nonnegative() })),
});

export type EventCounts = z.output<typeof eventCounts>;
