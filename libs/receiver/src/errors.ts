import { SIGNING_ERRORS, SigningError } from '@postduif/signing';

const {
  private_key_malformed: _1,
  encryption_key_malformed: _2,
  encryption_key_unknown: _3,
  sealed_secret_corrupt: _4,
  ...VERIFYING_ERRORS
} = SIGNING_ERRORS;

/** Every way in which a request can be refused. A code is stable; the sentence says what to do. */
export const RECEIVER_ERRORS = {
  ...VERIFYING_ERRORS,
  configuration_invalid: 'The options of the receiver are not right.',
  unsigned: 'The request has neither a Signature nor a webhook-signature header: it is not from the sender. Ignore it.',
  scheme_not_configured:
    'The request is signed in a way that this receiver has no keys for. Give `httpSignature` for Signature, `standardWebhooks` for webhook-signature.',
  dns_failed: 'The name server gave no answer about the key. Answer 503: the sender tries again.',
  replayed: 'This very request has come before: somebody sends it again. Do nothing with it.',
  target_not_path:
    'The target must be path and query, as on the request line: `url` of Node.js, `originalUrl` of Express and Fastify, pathname + search of a URL.',
  body_not_raw:
    'The body must be the bytes as they came, in a Buffer or Uint8Array. Take it before anything parses it, such as with express.raw().',
  body_too_large: 'The body is larger than allowed. Allow more, if the sender has reason to send as much.',
  content_type_unsupported:
    'The content type must be application/x-www-form-urlencoded (with http-signature only), application/json or application/cloudevents+json.',
  body_malformed:
    'The body is signed and yet not what it should be. Ask the sender; verifySignature() does not read it.',
  type_unknown: 'The type is not known. Use a newer version of this library, or verifySignature() and decodeForm().',
} as const;

export type ReceiverErrorCode = keyof typeof RECEIVER_ERRORS;

/** Status to answer with, where it is not 401. */
const STATUS: Readonly<Partial<Record<ReceiverErrorCode, number>>> = {
  configuration_invalid: 500,
  scheme_not_configured: 500,
  secret_malformed: 500,
  public_key_malformed: 500,
  target_not_path: 500,
  body_not_raw: 500,
  dns_failed: 503,
  body_too_large: 413,
  content_type_unsupported: 415,
  body_malformed: 400,
  type_unknown: 400,
};

/** Why a request is refused, or why this receiver cannot tell. */
export class ReceiverError extends Error {
  override readonly name = 'ReceiverError';

  /** @param detail names the header, field or value; never a secret */
  constructor(
    readonly code: ReceiverErrorCode,
    detail?: string,
    options?: ErrorOptions,
  ) {
    super(detail === undefined ? RECEIVER_ERRORS[code] : `${RECEIVER_ERRORS[code]} (${detail})`, options);
  }

  /** Status to answer with: 5xx when the fault is on this side. The sender tries again after any that is not 2xx or 410. */
  get status(): number {
    return STATUS[this.code] ?? 401;
  }
}

/** An error of the signing library as one of this library, with the same code; any other as it is. */
export function asReceiverError(error: unknown): Error {
  if (error instanceof SigningError)
    return new ReceiverError(error.code as ReceiverErrorCode, error.detail, { cause: error });
  return error instanceof Error ? error : new Error(String(error));
}
