import { z } from 'zod';
import { FORMATS } from './config.js';
import { trigger } from './event.js';
import { numericId, text } from './fields.js';
import { isJsonObject } from './json.js';

/** Whom the sample of a trigger is about. */
export const SAMPLE_SUBJECTS = ['profile', 'subprofile'] as const;
export type SampleSubject = (typeof SAMPLE_SUBJECTS)[number];

const about = z.enum(SAMPLE_SUBJECTS, `must be ${SAMPLE_SUBJECTS.join(' or ')}`).optional();

const ID = 'must be a positive whole number, or null to leave it out';
const id = z.union([z.null(), numericId], { error: ID }).optional();
const idsOfSample = { database: id, collection: id, profile: id, subprofile: id, mailing: id };

const BASE64 = 'must be base64 (RFC 4648 section 4, with padding) of at least one byte';
const CONTENT_TYPE = 'must be a media type such as application/json, in visible ASCII';

const given = z.strictObject({
  about,
  ...idsOfSample,
  data: z.custom<Record<string, unknown>>(isJsonObject, 'must be a JSON object').meta({ type: 'object' }).optional(),
  body: text.min(1, 'may not be empty').optional(),
  bodyBase64: z.base64(BASE64).min(1, BASE64).optional(),
  contentType: z
    .string(CONTENT_TYPE)
    .max(250, CONTENT_TYPE)
    .regex(/^[\x21-\x7e]+\/[\x20-\x7e]+$/, CONTENT_TYPE)
    .optional(),
});

/** Ids of an event: null leaves one out that the sample has. */
export type SampleIds = { readonly [name in keyof typeof idsOfSample]?: number | null | undefined };

/** What a test sends. */
export type TestContent =
  /** The trigger's sample as it is. */
  | { readonly kind: 'sample'; readonly about?: SampleSubject | undefined }
  /** The sample with ids and data put over it, rendered in the webhook's format. */
  | {
      readonly kind: 'event';
      readonly about?: SampleSubject | undefined;
      readonly ids: SampleIds;
      readonly data: Readonly<Record<string, unknown>>;
    }
  /** These bytes. Without a type that of the webhook's format. */
  | { readonly kind: 'body'; readonly body: Buffer; readonly contentType?: string | undefined };

/**
 * `POST /v4/webhook/{id}/test`: nothing for the trigger's sample; `data` and ids, as `GET …/sample` shows them, for a sample of one's
 * own; or `body` (or `bodyBase64`) and, if it is another than the webhook's, `contentType`.
 */
export const testCall = z.preprocess(
  // What Copernica's own class makes of nothing.
  (body) => (Array.isArray(body) && body.length === 0 ? {} : body),
  given
    .superRefine(({ body, bodyBase64, contentType, ...event }, context) => {
      const raw = body !== undefined || bodyBase64 !== undefined;
      const refuse = (path: string, message: string): void => {
        context.addIssue({ code: 'custom', path: [path], message });
      };
      if (body !== undefined && bodyBase64 !== undefined)
        refuse('bodyBase64', 'give the body either as text or as base64');
      if (!raw && contentType !== undefined) refuse('contentType', 'goes with a body only');
      if (raw && Object.values(event).some((value) => value !== undefined))
        refuse('body', 'give either a body, or `data`, ids and `about`');
    })
    .transform(({ body, bodyBase64, contentType, about: subject, data, ...ids }): TestContent => {
      if (body !== undefined) return { kind: 'body', body: Buffer.from(body, 'utf8'), contentType };
      if (bodyBase64 !== undefined) return { kind: 'body', body: Buffer.from(bodyBase64, 'base64'), contentType };
      if (data === undefined && Object.values(ids).every((value) => value === undefined))
        return { kind: 'sample', about: subject };
      return { kind: 'event', about: subject, ids, data: data ?? {} };
    }),
);

/** `GET /v4/webhook/{id}/sample`. */
export const sampleQuery = z.object({ about });

const idOfEvent = z.int().positive().optional();

/** An editable sample: `event` can be sent back to `POST …/test` as it is, and so can `body`. */
export const sampleView = z.object({
  trigger: z.string(),
  format: z.enum(FORMATS),
  event: z
    .object({
      database: idOfEvent,
      collection: idOfEvent,
      profile: idOfEvent,
      subprofile: idOfEvent,
      mailing: idOfEvent,
      data: z.record(z.string(), z.unknown()).readonly(),
    })
    .readonly()
    .describe('Send it to `POST …/test`, as it is or changed.'),
  contentType: z.string().describe('Of `body`.'),
  body: z.string().describe('The same as a receiver gets it.'),
});

export type SampleView = Readonly<z.output<typeof sampleView>>;

const testOutcome = z.enum(['accepted', 'refused', 'failed']);
const OUTCOMES = '`accepted`: 2xx. `refused`: another status. `failed`: no whole answer came.';

export type TestOutcome = z.output<typeof testOutcome>;

const milliseconds = z.number().nonnegative();
const duration = milliseconds.nullable();

const testTiming = z
  .object({
    queuedMs: milliseconds.describe('Until there was a connection to use, or one was begun.'),
    connectMs: duration.describe(
      'Duration of look-up, TCP and TLS together; null when a connection stood already, or none came about.',
    ),
    lookupMs: duration.describe('Its own duration.'),
    tcpMs: duration.describe('Its own duration.'),
    tlsMs: duration.describe('Its own duration; null over plain HTTP, too.'),
    firstByteMs: duration.describe('Until the head of the answer was there; null when it never was.'),
    totalMs: milliseconds,
  })
  .readonly()
  .describe('Milliseconds, from the start of the request unless said otherwise.');

export type TestTiming = z.output<typeof testTiming>;

const testFailure = z
  .object({ code: z.string().describe('Stable, as an attempt has it.'), message: z.string() })
  .readonly()
  .nullable();

const headers = z.record(z.string(), z.string()).readonly();

/** What became of a test. */
export const testReport = z.object({
  test: z.string().describe("Id of the test: what stands in the place of the event's id."),
  webhook: z.string(),
  at: z.iso.datetime(),
  outcome: testOutcome.describe(OUTCOMES),
  request: z
    .object({
      method: z.literal('POST'),
      url: z.string(),
      headers,
      body: z.string().optional().describe('As text; bytes that are none are in `bodyBase64`.'),
      bodyBase64: z.base64().optional(),
    })
    .readonly(),
  response: z
    .object({
      status: z.int(),
      headers: headers.describe('By lower-case name; the first 8 KiB.'),
      body: z.string().describe('The first 4 KiB as text.'),
      bodyTruncated: z.boolean().describe('Whether there was more.'),
    })
    .readonly()
    .nullable()
    .describe('Null when none came.'),
  error: testFailure.describe('Why it was not accepted; null when it was.'),
  remoteAddress: z.string().nullable(),
  timing: testTiming,
});

export type TestReport = Readonly<z.output<typeof testReport>>;

/** `POST /v1/webhooks/check`. */
export const checkCall = z.strictObject({
  /** Only webhooks with this trigger. */
  trigger: trigger.optional(),
  /** `next` of the check before. */
  after: z
    .string()
    .regex(/^[1-9]\d{0,17}$/, 'must be `next` of a check before')
    .optional(),
});

/** One webhook of a check. */
export const checkResult = z.object({
  webhook: z.string(),
  handler: z.string(),
  trigger: z.string(),
  state: z.enum(['enabled', 'disabled']),
  outcome: z
    .enum([...testOutcome.options, 'not_validated', 'not_checked'])
    .describe(
      `${OUTCOMES} \`not_validated\`: nothing was sent. \`not_checked\`: the time of the whole check was over.`,
    ),
  status: z.int().nullable().describe('Null when no answer came.'),
  error: testFailure,
  totalMs: duration.describe('Null when nothing was sent.'),
});

export type CheckResult = Readonly<z.output<typeof checkResult>>;

/** What `POST /v1/webhooks/check` answers. */
export const checkReport = z.object({
  results: z.array(checkResult).readonly().describe("In the order of the webhooks' ids."),
  next: z
    .string()
    .nullable()
    .describe(
      'For `after` of the next check, when there are more webhooks than one check takes; null when these were all.',
    ),
});

export type CheckReport = Readonly<z.output<typeof checkReport>>;
