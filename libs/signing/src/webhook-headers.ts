import { createNonce, imfFixdate, signRequest } from './http-signature.js';
import type { AsyncSigner, Header } from './http-signature.js';
import { signStandardWebhook } from './standard-webhooks.js';
import type { WebhookSigningKey } from './standard-webhooks-keys.js';

/** A request to a handler, before it is signed. */
export interface WebhookRequest {
  /** Exactly as on the request line: path and query, percent-encoding untouched. */
  readonly target: string;
  /** Exact value of the Host header, with the port unless it is the scheme's own. */
  readonly host: string;
  /** Time of this attempt. */
  readonly date: Date;
  readonly contentType: string;
  readonly body: Uint8Array;
  /** Id of the event: the same at every attempt. */
  readonly event: string;
  /** Number of this attempt, from 1. */
  readonly attempt: number;
  /** W3C trace context. */
  readonly traceparent?: string | undefined;
}

/** For `form` webhooks, by spec section 6. */
export interface HttpSignatureCredentials {
  /** Value of X-Copernica-ID. */
  readonly copernicaId: string;
  /** Complete DNS name of the public key. */
  readonly keyId: string;
  readonly sign: AsyncSigner;
}

/** For `json` and `cloudevents` webhooks, by Standard Webhooks. */
export interface StandardWebhooksCredentials {
  /** The newest first; at least one. */
  readonly secrets: readonly WebhookSigningKey[];
  /** For `cloudevents`: the name by which the receiver was asked (HTTP 1.1 Web Hooks for Event Delivery, section 4.1.2). Not signed. */
  readonly origin?: string | undefined;
}

export type WebhookCredentials = HttpSignatureCredentials | StandardWebhooksCredentials;

/**
 * The headers of a request to a handler, signed, in their order; Host is not among them. Those that begin with `X-Webhook-` are not
 * signed, and harmless to a Copernica receiver (spec section 8): what the vendor's protocol lacks for deduplication.
 */
export async function webhookHeaders(request: WebhookRequest, credentials: WebhookCredentials): Promise<Header[]> {
  const { event, attempt, traceparent } = request;
  const signed = 'keyId' in credentials ? await httpSignature(request, credentials) : standard(request, credentials);
  return [
    ...signed,
    ['X-Webhook-Event-ID', event],
    ['X-Webhook-Attempt', String(attempt)],
    ...(traceparent === undefined ? [] : [['traceparent', traceparent] as const]),
  ];
}

function httpSignature(request: WebhookRequest, credentials: HttpSignatureCredentials): Promise<Header[]> {
  const { target, host, date, contentType, body } = request;
  const { copernicaId, keyId, sign } = credentials;
  return signRequest({
    ...{ method: 'POST', target, host, date, contentType, body },
    ...{ copernicaId, nonce: createNonce(), keyId, sign },
  });
}

function standard(
  { date, contentType, event, body }: WebhookRequest,
  { secrets, origin }: StandardWebhooksCredentials,
): Header[] {
  return [
    ['Date', imfFixdate(date)],
    ['Content-Type', contentType],
    ...(origin === undefined ? [] : [['WebHook-Request-Origin', origin] as const]),
    ...signStandardWebhook({ id: event, timestamp: date, body, secrets }),
  ];
}
