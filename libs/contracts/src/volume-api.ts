import { z } from 'zod';
import { trigger } from './event.js';
import type { EventCounts } from './event-counts.js';
import { numericId } from './fields.js';

/** `GET /v1/webhooks/advice`: the properties that a webhook is to have. */
export const adviceQuery = z.strictObject({
  trigger,
  database: numericId.optional(),
  collection: numericId.optional(),
});

export type AdviceQuery = z.output<typeof adviceQuery>;

/** How much a webhook would have had to take. */
export type Volume =
  | (EventCounts & {
      readonly known: true;
      /** Events a day on average. */
      readonly perDay: number;
      /** Events of the busiest day. */
      readonly busiestDay: number;
    })
  /** Nobody could tell: a stable code, and a sentence. */
  | { readonly known: false; readonly error: string; readonly message: string };

export interface Advice {
  /** Stable; one of `VOLUME_ADVICE`. */
  readonly code: AdviceCode;
  readonly text: string;
}

/** What `GET /v1/webhooks/advice` answers. */
export interface AdviceView {
  readonly trigger: string;
  readonly database: number | null;
  readonly collection: number | null;
  readonly volume: Volume;
  /** Events on one day from which a webhook counts as busy. */
  readonly threshold: number;
  /** Null when the volume is not known. */
  readonly busy: boolean | null;
  /** Empty when there is none to give. */
  readonly advice: readonly Advice[];
}

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
