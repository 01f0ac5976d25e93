import { z } from 'zod';
import { attemptSchema } from './attempt.js';
import { trigger } from './event.js';
import { moment, numericId } from './fields.js';

/** What `/v1/events` and `/v1/attempts` are asked and answer. Lists are newest first. */

const DEFAULT_LIMIT = 50;
const MOST_LIMIT = 500;
/** What PostgreSQL and ISO 8601 with four digits can both say. */
const LATEST = Date.UTC(9999, 11, 31);

/** Text to look for; the columns hold nothing longer. */
export const searchText = z
  .string('give it once')
  .min(1, 'may not be empty')
  .max(320, 'may have at most 320 characters');

/** Unix milliseconds. */
export const instant = moment.transform((text) => Math.min(LATEST, Math.max(0, Date.parse(text))));

/** Rows of a page of a list, and where the next page begins. */
export const cursorParameters = {
  limit: z
    .string('give it once')
    .regex(/^\d{1,3}$/, `must be a whole number from 1 to ${MOST_LIMIT}`)
    .transform(Number)
    .pipe(z.int().min(1, 'must be at least 1').max(MOST_LIMIT, `must be at most ${MOST_LIMIT}`))
    .default(DEFAULT_LIMIT)
    .describe(`Rows a page, 1 to ${MOST_LIMIT}; by default ${DEFAULT_LIMIT}.`),
  cursor: z
    .string('give it once')
    .max(200, 'is too long for a cursor')
    .optional()
    .describe('`next` of the page before.'),
};

/** Parameters that every list of history has. */
export const pageParameters = {
  after: instant.optional().describe('Only rows later than this.'),
  before: instant.optional().describe('Only rows earlier than this.'),
  ...cursorParameters,
};

/** `GET /v1/attempts`. */
export const attemptsQuery = z.strictObject({
  webhook: searchText.optional(),
  event: searchText.optional(),
  trigger: trigger.optional(),
  outcome: z.enum(['delivered', 'retrying', 'dead'], 'must be delivered, retrying or dead').optional(),
  status: z
    .string('give it once')
    .regex(/^[1-9]\d\d$/, 'must be an HTTP status such as 500')
    .transform(Number)
    .optional(),
  error: searchText.optional(),
  ...pageParameters,
});

/** `GET /v1/events`. */
export const eventsQuery = z.strictObject({
  id: searchText.optional().describe('Also of an event whose id cannot stand in a path, such as `../a`.'),
  type: trigger.optional(),
  database: numericId.optional(),
  collection: numericId.optional(),
  profile: numericId.optional(),
  subprofile: numericId.optional(),
  mailing: numericId.optional(),
  message: searchText.optional(),
  recipient: searchText.optional(),
  ...pageParameters,
});

/** `GET /v1/events/{id}`. */
export const eventQuery = z.strictObject({ source: z.string('give it once').max(1_000).optional() });

/** `GET /v4/logfiles`. */
export const logfilesQuery = z.object({
  date: z.string().meta({ format: 'date' }).optional(),
  type: z.string().optional(),
});
/** `GET /v4/logfile/{name}/{format}`. */
export const logfileQuery = z.object({ header: z.enum(['0', '1', 'true', 'false']).optional() });

/** A page of a list that is read with a cursor. */
export const cursorPageView = <T extends z.ZodType>(item: T) =>
  z.object({
    data: z.array(item),
    next: z.string().nullable().describe('Cursor of the next page; null when this is the last.'),
  });

/** An event in a list: what identifies it, without its data. */
export const eventSummary = z
  .object({ id: z.string(), type: z.string(), time: z.iso.datetime(), acceptedAt: z.iso.datetime() })
  .catchall(z.union([z.string(), z.number()]));

export type EventSummary = Readonly<z.output<typeof eventSummary>>;

/** A delivery, as far as its attempts tell. One that was not attempted yet is not known. */
export const deliveryView = z.object({
  id: z.string(),
  webhook: z.string(),
  state: attemptSchema.shape.outcome.describe('Outcome of the latest attempt.'),
  nextAttemptAt: z.string().optional().describe('When `retrying`: not before this moment.'),
  reason: z.string().optional().describe('Of a dead letter.'),
  attempts: z.array(attemptSchema).readonly(),
});

export type DeliveryView = Readonly<z.output<typeof deliveryView>>;

/** An event with what has become of it. */
export const eventWithDeliveries = z.object({
  event: z.record(z.string(), z.unknown()).describe('As it stands on the topic `events`.'),
  acceptedAt: z.iso.datetime(),
  deliveries: z
    .array(deliveryView)
    .readonly()
    .describe(
      'Those that were attempted. None: no webhook wanted it that was enabled and validated then, or it is yet to be tried.',
    ),
  truncated: z.literal(true).optional().describe('Present when there are more attempts than are shown here.'),
});

export type EventWithDeliveries = Readonly<z.output<typeof eventWithDeliveries>>;
