import { z } from 'zod';
import { trigger } from './event.js';
import { numericId } from './fields.js';
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
  data: z.custom<Record<string, unknown>>(isJsonObject, 'must be a JSON object').optional(),
  body: z.string('must be text').min(1, 'may not be empty').optional(),
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

/** An editable sample: `event` can be sent back to `POST …/test` as it is, and so can `body`. */
export interface SampleView {
  readonly trigger: string;
  readonly format: string;
  readonly event: { readonly data: Readonly<Record<string, unknown>> } & Readonly<Record<string, unknown>>;
  /** The same as a receiver gets it. */
  readonly contentType: string;
  readonly body: string;
}

/** `accepted`: 2xx. `refused`: another status. `failed`: no whole answer came. */
export type TestOutcome = 'accepted' | 'refused' | 'failed';

/** Milliseconds, from the start of the request unless said otherwise. */
export interface TestTiming {
  /** Until there was a connection to use, or one was begun. */
  readonly queuedMs: number;
  /** Duration of look-up, TCP and TLS together; null when a connection stood already, or none came about. */
  readonly connectMs: number | null;
  /** Their own durations. */
  readonly lookupMs: number | null;
  readonly tcpMs: number | null;
  /** Null over plain HTTP, too. */
  readonly tlsMs: number | null;
  /** Until the head of the answer was there; null when it never was. */
  readonly firstByteMs: number | null;
  readonly totalMs: number;
}

/** What became of a test. */
export interface TestReport {
  /** Id of the test: what stands in the place of the event's id. */
  readonly test: string;
  readonly webhook: string;
  /** ISO 8601 in UTC. */
  readonly at: string;
  readonly outcome: TestOutcome;
  readonly request: {
    readonly method: 'POST';
    readonly url: string;
    readonly headers: Readonly<Record<string, string>>;
    /** As text; bytes that are none are in `bodyBase64`. */
    readonly body?: string;
    readonly bodyBase64?: string;
  };
  /** Null when none came. */
  readonly response: {
    readonly status: number;
    /** By lower-case name; the first 8 KiB. */
    readonly headers: Readonly<Record<string, string>>;
    /** The first 4 KiB as text. */
    readonly body: string;
    /** Whether there was more. */
    readonly bodyTruncated: boolean;
  } | null;
  /** Why it was not accepted, with the code and sentence that an attempt has; null when it was. */
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly remoteAddress: string | null;
  readonly timing: TestTiming;
}

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
export interface CheckResult {
  readonly webhook: string;
  readonly handler: string;
  readonly trigger: string;
  readonly state: 'enabled' | 'disabled';
  /** As of a test; `not_validated`: nothing was sent; `not_checked`: the time of the whole check was over. */
  readonly outcome: TestOutcome | 'not_validated' | 'not_checked';
  /** Null when no answer came. */
  readonly status: number | null;
  readonly error: { readonly code: string; readonly message: string } | null;
  /** Null when nothing was sent. */
  readonly totalMs: number | null;
}

/** What `POST /v1/webhooks/check` answers. */
export interface CheckReport {
  /** In the order of the webhooks' ids. */
  readonly results: readonly CheckResult[];
  /** For `after` of the next check, when there are more webhooks than one check takes; null when these were all. */
  readonly next: string | null;
}
