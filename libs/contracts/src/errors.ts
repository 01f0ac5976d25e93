import { z } from 'zod';

/**
 * The error catalogue. A code is stable and part of the public interface; the sentence says what to do and may be improved.
 * The same codes are used by HTTP answers, by the headers of `ingest.rejected` and by the reasons of dead letters.
 */
export const ERRORS = {
  invalid_json: { status: 400, title: 'The body is not valid JSON. Check quoting and encoding (UTF-8).' },
  invalid_event: {
    status: 400,
    title: 'The event does not follow the contract. Correct the fields listed in `errors`.',
  },
  invalid_request: {
    status: 400,
    title: 'The request is not valid. Correct what `errors` lists, or else what `detail` says.',
  },
  schema_mismatch: {
    status: 400,
    title: "The event's `data` does not fit the schema of its type. Correct the fields listed in `errors`.",
  },
  schema_invalid: {
    status: 400,
    title: 'This JSON Schema cannot be used. `detail` says why.',
  },
  empty_batch: { status: 400, title: 'The batch holds no event. Send at least one.' },
  value_missing: {
    status: 400,
    title: 'The record has no value. Send the event as JSON, or its data in CloudEvents binary mode.',
  },
  account_missing: {
    status: 400,
    title: 'The record names no account. Set the attribute `account` (header `ce_account`).',
  },
  account_mismatch: {
    status: 400,
    title: "The event's `account` is not the token's. Leave it out, or use that account's token.",
  },
  account_unknown: { status: 400, title: 'No such account. Create it first, or correct the attribute `account`.' },
  domain_invalid: {
    status: 400,
    title: 'This is not a domain name that DNS can hold. Send one such as example.com, without scheme, port and path.',
  },
  domain_is_public_suffix: {
    status: 400,
    title: 'Under this name anybody can register names. Send the one that is yours, such as example.co.uk for co.uk.',
  },
  account_exists: { status: 409, title: 'There is an account with this id already. Choose another id.' },
  event_types_full: {
    status: 409,
    title: 'The account has as many event types as it may. Delete one that is not used any more.',
  },
  domain_not_validated: {
    status: 409,
    title: 'The account has not validated this domain. Add it with POST /v1/domains, then validate it.',
  },
  handler_not_validated: {
    status: 409,
    title:
      'This handler is not validated yet, so only the sample may be sent to it. Leave out the content, or validate the handler first.',
  },
  too_many_secrets: {
    status: 409,
    title: 'As many secrets of this webhook sign as may. Wait until the oldest ends, or end them at once: `overlap` 0.',
  },
  idempotency_key_in_use: {
    status: 409,
    title:
      'A request with this `Idempotency-Key` is still under way. Send the same one again after `Retry-After` seconds.',
  },
  unauthenticated: {
    status: 401,
    title: 'The access token is missing or not valid. Send `Authorization: Bearer <token>`.',
  },
  forbidden: { status: 403, title: 'This token may not do that. Use a token with the scope named in `detail`.' },
  not_found: { status: 404, title: 'There is nothing at this address. Check the path and the id.' },
  method_not_allowed: {
    status: 405,
    title: 'This address does not take this method. Use one that the header `Allow` names.',
  },
  request_timeout: { status: 408, title: 'The request did not arrive whole in time. Send it again, in smaller parts.' },
  version_mismatch: {
    status: 412,
    title: 'This has changed since you read it. Read it again, and decide whether your change is still right.',
  },
  payload_too_large: {
    status: 413,
    title: 'The request or an event in it is too large. Send smaller events or smaller batches.',
  },
  unsupported_media_type: {
    status: 415,
    title:
      'This address does not take such a Content-Type or Content-Encoding. GET /v1/openapi.json says what it takes.',
  },
  idempotency_key_reused: {
    status: 422,
    title: 'This `Idempotency-Key` was used for another request. Take a new key for each thing that is to be made.',
  },
  rate_limited: {
    status: 429,
    title: 'This is more than may be sent in such a time. Slow down, and try again after `Retry-After` seconds.',
  },
  test_rate_limited: {
    status: 429,
    title: 'This account has sent as many tests as it may in a minute. Try again after `Retry-After` seconds.',
  },
  internal_error: { status: 500, title: 'Something failed on our side. Try again; the request id is in the log.' },
  broker_unavailable: {
    status: 503,
    title: 'Kafka does not answer. Nothing was lost; try again after `Retry-After` seconds.',
  },
  store_unavailable: { status: 503, title: 'The database does not answer. Try again after `Retry-After` seconds.' },
  signing_key_not_active: {
    status: 503,
    title: 'No signing key is in use yet. Put the record that GET /v1/signing-keys shows into DNS, and wait.',
  },
  overloaded: {
    status: 503,
    title: 'Too many events are waiting to be stored. Try again after `Retry-After` seconds.',
  },
  not_ready: { status: 503, title: 'This service is still starting. Try again after `Retry-After` seconds.' },
  upstream_unavailable: {
    status: 503,
    title: 'A service behind this one does not answer. Try again after `Retry-After` seconds.',
  },
} as const satisfies Record<string, { status: number; title: string }>;

export type ErrorCode = keyof typeof ERRORS;

/** One wrong field. */
export const fieldErrorView = z.object({
  path: z.string().describe('Dotted path; empty for the whole.'),
  message: z.string(),
});
export type FieldError = Readonly<z.output<typeof fieldErrorView>>;

/** An error that an API answers. `detail` says what is wrong in this case; it never holds a secret or a body. */
export class ApiError extends Error {
  override readonly name = 'ApiError';

  constructor(
    readonly code: ErrorCode,
    readonly detail: string = ERRORS[code].title,
    readonly options: { errors?: readonly FieldError[]; retryAfterSeconds?: number; cause?: unknown } = {},
  ) {
    super(detail, { cause: options.cause });
  }

  get status(): number {
    return ERRORS[this.code].status;
  }

  /** RFC 9457 problem details, with our stable `code`. */
  toProblem(): Problem {
    const { errors } = this.options;
    return {
      type: 'about:blank',
      title: ERRORS[this.code].title,
      status: this.status,
      detail: this.detail,
      code: this.code,
      ...(errors ? { errors } : {}),
    };
  }
}

/** RFC 9457 problem details (`application/problem+json`). */
export const problemView = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  code: z.enum(Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]]).describe('Stable, for programs.'),
  errors: z.array(fieldErrorView).readonly().optional(),
});
export type Problem = Readonly<z.output<typeof problemView>>;

/** Why a delivery ended without the receiver having it (header `reason` on `deliveries.dead`). */
export const DEAD_REASONS = {
  attempts_exhausted: 'The receiver did not accept the event in any attempt of the schedule.',
  expired: 'The delivery waited for room at the receiver longer than twice its schedule (at least two days).',
  receiver_gone: 'The receiver answered 410 Gone; the webhook is disabled.',
  webhook_deleted: 'The webhook was deleted while the delivery was waiting.',
  webhook_disabled: 'The webhook was disabled while the delivery was waiting.',
  webhook_not_validated: 'The handler of the webhook is not validated any more.',
  delivery_malformed: 'The record on `deliveries` lacks the headers that a delivery needs.',
} as const;

export type DeadReason = keyof typeof DEAD_REASONS;
