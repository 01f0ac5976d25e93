import { z } from 'zod';
import { trigger } from './event.js';
import { eventCounts } from './event-counts.js';
import { numericId } from './fields.js';

/** `GET /v1/webhooks/advice`: the properties that a webhook is to have. */
export const adviceQuery = z.strictObject({
  trigger,
  database: numericId.optional(),
  collection: numericId.optional(),
});

export type AdviceQuery = z.output<typeof adviceQuery>;

/** What those can do instead who would get very many requests (spec section 1). A code is stable; the text may be improved. */
export const VOLUME_ADVICE = {
  logfiles:
    'Every event is also in a logfile, whether a webhook takes it or not. If a day later is soon enough, fetch the file of the day instead (GET /v4/logfiles).',
  statistics:
    'If you need numbers and not each single event, make your statistics once a day from the logfile instead of taking a request for each.',
  api: 'If you need an event only now and then, ask for it when you do: GET /v1/events finds those of a profile, a mailing, a message or a recipient.',
  limit: 'If only one database or collection matters to you, limit the webhook to it.',
  prepare:
    'If you need all of them at once: answer first and work later, let as many requests in as your server bears (`concurrency`, `rate`), and expect the most right after a mailing.',
} as const;

export type AdviceCode = keyof typeof VOLUME_ADVICE;

/** How much a webhook would have had to take. */
const volume = z.discriminatedUnion('known', [
  eventCounts.extend({
    known: z.literal(true),
    perDay: z.int().nonnegative().describe('Events a day on average.'),
    busiestDay: z.int().nonnegative().describe('Events of the busiest day.'),
  }),
  z.object({
    known: z.literal(false),
    error: z.string().describe('A stable code: nobody could tell.'),
    message: z.string(),
  }),
]);

export type Volume = Readonly<z.output<typeof volume>>;

/** What `GET /v1/webhooks/advice` answers. */
export const adviceView = z.object({
  trigger: z.string(),
  database: z.int().nullable(),
  collection: z.int().nullable(),
  volume,
  threshold: z.int().describe('Events on one day from which a webhook counts as busy.'),
  busy: z.boolean().nullable().describe('Null when the volume is not known.'),
  advice: z
    .array(
      z.object({
        code: z.enum(Object.keys(VOLUME_ADVICE) as [AdviceCode, ...AdviceCode[]]).describe('Stable.'),
        text: z.string(),
      }),
    )
    .readonly()
    .describe('Empty when there is none to give.'),
});

export type AdviceView = Readonly<z.output<typeof adviceView>>;
