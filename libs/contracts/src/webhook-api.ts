import { z } from 'zod';
import { FORMATS, MAX_SHARDS, SIGNATURES } from './config.js';
import { trigger } from './event.js';
import { numericId, once } from './fields.js';
import { postedName } from './registry-api.js';
import { CALLERS } from './triggers.js';

/**
 * `POST /v4/webhooks` and `PUT /v4/webhook/{id}` (spec section 10.2), as JSON or as a form. Unknown properties are ignored, as
 * Copernica does. Numbers may come as text, because forms have nothing else.
 */

const list = <T extends z.ZodType>(item: T, error: string) =>
  z.union([z.array(item), item.transform((one) => [one])], { error });
const number = z.union(
  [
    z.number(),
    z
      .string()
      .trim()
      .regex(/^\d+(\.\d+)?$/, 'must be a number')
      .transform(Number),
  ],
  {
    error: 'must be a number',
  },
);
const unrepeated = <T>(values: readonly T[]): T[] => [...new Set(values)];
/** `null` and the empty text take a limit away, or back to its default. */
const clearable = <T extends z.ZodType>(schema: T, error: string | z.core.$ZodErrorMap) =>
  z.union([z.null(), z.literal('').transform(() => null), schema], { error });

const HANDLER = 'a handler is required';
const CALLER = `callers must be among ${CALLERS.join(', ')}`;
const FIELDS =
  'fields must be at most 100 names of 1 to 255 characters, none with `[`, `]`, a control character or half of a surrogate pair, and none `__proto__`';
const SCHEDULE = 'schedule must be a list of seconds';
const RATE = 'rate must be requests a second, more than 0 and at most 10,000';
const SHARDS = `shards must be a whole number from 1 to ${MAX_SHARDS}`;
const FORMAT = 'format must be form, json or cloudevents';
const SIGNATURE = `signature must be ${SIGNATURES.join(' or ')}`;
const CONCURRENCY = 'concurrency must be a whole number from 1 to 200';

/** How fast the deliveries of a webhook may go, and how they are repeated. */
export const pace = {
  /** Seconds between attempts; bounds are those of libs/retry-schedule. */
  schedule: clearable(list(number, SCHEDULE), SCHEDULE).optional(),
  /** Requests in flight at once, 1 to 200; default 10. */
  concurrency: clearable(
    number.pipe(z.int(CONCURRENCY).min(1, CONCURRENCY).max(200, CONCURRENCY)),
    once(CONCURRENCY),
  ).optional(),
  /** Requests a second, at most 10,000; default no limit. */
  rate: clearable(number.pipe(z.number().positive(RATE).max(10_000, RATE)), once(RATE)).optional(),
};

/** Of a webhook: a decimal number. */
export const webhookId = z.string().regex(/^[1-9]\d{0,17}$/, 'must be the id of a webhook');

const properties = {
  handler: z
    .string({ error: (issue) => (issue.input === undefined ? HANDLER : once('handler must be a URL')(issue)) })
    .min(1, HANDLER)
    .max(2_048, 'handler must have at most 2,048 characters')
    .refine((handler) => handler.isWellFormed(), 'handler must be a URL')
    // What it must be beyond that, libs/outbound says.
    .meta({ format: 'uri' }),
  trigger,
  callers: clearable(list(z.enum(CALLERS, CALLER), CALLER).transform(unrepeated), CALLER).optional(),
  database: clearable(numericId, once('database must be a positive whole number')).optional(),
  collection: clearable(numericId, once('collection must be a positive whole number')).optional(),
  fields: clearable(list(postedName, FIELDS).pipe(z.array(z.string()).max(100)), FIELDS)
    .optional()
    .describe('An `update` must have changed one of these. Only together with `database` or `collection`.'),
  format: z.enum(FORMATS, { error: once(FORMAT) }).optional(),
  /**
   * Signature of Standard Webhooks, for any format but `form`: `v1` with a secret, `v1a` with a key pair; default v1. A change is a
   * rotation with the default overlap.
   */
  signature: clearable(z.enum(SIGNATURES, SIGNATURE), once(SIGNATURE)).optional(),
  ...pace,
  /** Parts that its deliveries are spread over, each a record key of its own, 1 to 32; default 1. Its limits are shared out among them. */
  shards: clearable(number.pipe(z.int(SHARDS).min(1, SHARDS).max(MAX_SHARDS, SHARDS)), once(SHARDS)).optional(),
  state: z.enum(['enabled', 'disabled'], { error: once('state must be enabled or disabled') }).optional(),
};

export const createWebhook = z.object(properties);
export const updateWebhook = z.object({
  ...properties,
  handler: properties.handler.optional(),
  trigger: trigger.optional(),
});

export type CreateWebhook = z.output<typeof createWebhook>;
export type UpdateWebhook = z.output<typeof updateWebhook>;

/** Lists of `/v4`: `start`, `limit`, `total` (spec section 10.1). */
export const pageQuery = z.object({
  start: numberIn(0, Number.MAX_SAFE_INTEGER).default(0),
  limit: numberIn(1, 1_000).default(100),
  total: z
    .enum(['true', 'false', '1', '0'])
    .default('true')
    .transform((text) => text === 'true' || text === '1'),
});

/** Lists of webhooks. */
export const listQuery = pageQuery.extend({ trigger: trigger.optional() });

/** A page of a list as `/v4` answers it. */
export const pageView = <T extends z.ZodType>(item: T) =>
  z.object({
    start: z.int(),
    limit: z.int(),
    count: z.int(),
    total: z.int().optional().describe('Only when it was counted.'),
    data: z.array(item).readonly(),
  });

export type Page<T> = Readonly<Omit<z.output<ReturnType<typeof pageView>>, 'data'> & { data: readonly T[] }>;

function numberIn(least: number, most: number) {
  return z
    .string('give it once')
    .regex(/^\d{1,16}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.int().min(least).max(most));
}

/** A webhook as `/v4` shows it. Ids are strings (spec section 10.1); `null` is "no limit". */
export const webhookView = z.object({
  ID: z.string(),
  handler: z.string(),
  trigger: z.string(),
  callers: z.array(z.string()).readonly(),
  database: z.string().nullable(),
  collection: z.string().nullable(),
  fields: z.array(z.string()).readonly().nullable(),
  format: z.string(),
  signature: z.enum(SIGNATURES).nullable().describe('`null` with `form`, which has a signature of its own.'),
  schedule: z.array(z.number()).readonly(),
  concurrency: z.number(),
  rate: z.number().nullable(),
  shards: z.number(),
  state: z.enum(['enabled', 'disabled']),
  validated: z.boolean(),
});

export type WebhookView = Readonly<z.output<typeof webhookView>>;

/** What a webhook is limited to; `account` is no limit. */
const webhookBound = z.enum(['collection', 'database', 'account']);

export type WebhookBound = z.output<typeof webhookBound>;

/** The webhooks that apply to a database or collection: those limited to a collection, to a database, and to nothing, in this order. */
export const boundWebhookPage = pageView(webhookView.extend({ bound: webhookBound })).extend({
  groups: z
    .record(webhookBound, z.int())
    .readonly()
    .optional()
    .describe('How many there are of each in all; only when they were counted.'),
});

export type BoundWebhookPage = Readonly<z.output<typeof boundWebhookPage>>;

/** How the handshake of CloudEvents stands. */
export const handshakeView = z.object({
  origin: z.string().describe('What we call ourselves: the receiver answers this, or an asterisk.'),
  granted: z
    .boolean()
    .describe('Whether it has agreed. That stays, whatever it answers later, until the handler or the format changes.'),
  grantedAt: z.iso.datetime().nullable(),
  allowedRate: z.number().nullable().describe('Requests a minute; null: it does not say.'),
});

export type HandshakeView = Readonly<z.output<typeof handshakeView>>;

/** `GET /v4/webhook/{id}/validation`. */
export const validationView = z.object({
  file: z
    .object({ name: z.string(), contents: z.string() })
    .readonly()
    .describe('What the file is called, and the line that it must hold.'),
  locations: z.array(z.string()).readonly().describe('Addresses where it may be, one of these.'),
  validated: z.boolean(),
  validatedAt: z.iso
    .datetime()
    .nullable()
    .describe('ISO 8601 in UTC; null while the file was not found, also for trusted hosts.'),
  handshake: handshakeView
    .nullable()
    .describe('Where the receiver may agree instead, by the handshake of CloudEvents; null for other formats.'),
});

export type ValidationView = Readonly<z.output<typeof validationView>>;

/** What was found at one place of a verification file. */
export const locationReport = z.object({
  url: z.string(),
  found: z.boolean(),
  status: z.int().optional(),
  error: z.string().optional().describe('Code when no answer came.'),
  message: z.string().optional().describe('The same as a sentence.'),
  body: z.string().optional().describe("The beginning of the answer's body."),
});

export type LocationReport = Readonly<z.output<typeof locationReport>>;

/** What a receiver of CloudEvents answered when it was asked. */
export const handshakeReport = z.object({
  url: z.string(),
  origin: z.string().describe('What we called ourselves.'),
  granted: z
    .boolean()
    .describe(
      'Whether it agrees in this answer. A refusal takes no earlier agreement back: `validated` says what holds.',
    ),
  status: z.int().optional(),
  allowedOrigin: z.string().optional().describe('The name that was answered.'),
  allowedRate: z.number().nullable().optional().describe('Requests a minute that were granted; null: any number.'),
  error: z.string().optional().describe('Code when it was not granted.'),
  message: z.string().optional().describe('The same as a sentence.'),
});

export type HandshakeReport = Readonly<z.output<typeof handshakeReport>>;

/** `POST /v4/webhook/{id}/validate`. */
export const validationReport = z.object({
  validated: z.boolean(),
  handshake: handshakeReport.optional().describe('Only for `cloudevents`; a receiver that agrees needs no file.'),
  locations: z.array(locationReport).readonly(),
});

export type ValidationReport = Readonly<z.output<typeof validationReport>>;
