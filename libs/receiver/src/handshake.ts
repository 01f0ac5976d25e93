import { headerOf, headerPairs } from './headers.js';
import type { ReceivedHeaders } from './headers.js';

export interface HandshakeOptions {
  /** Senders that may deliver, such as `webhooks.example.com`; `*` for any. */
  readonly origins: readonly string[] | '*';
  /** Deliveries a minute that are welcome. Default `*`: any number. */
  readonly requestsPerMinute?: number | '*';
}

export interface HandshakeAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Answers the validation request of the CloudEvents specification "HTTP 1.1 Web Hooks for Event Delivery" (section 4): may this sender
 * deliver here, and how fast? Undefined when the request is none. Consent is in the headers, not in the status.
 */
export function answerHandshake(
  request: { readonly method: string; readonly headers: ReceivedHeaders },
  { origins, requestsPerMinute = '*' }: HandshakeOptions,
): HandshakeAnswer | undefined {
  if (request.method !== 'OPTIONS') return undefined;
  const origin = headerOf(headerPairs(request.headers), 'webhook-request-origin');
  if (origin === undefined) return undefined;
  if (origins !== '*' && !origins.some((allowed) => allowed.toLowerCase() === origin.toLowerCase()))
    return { status: 403, headers: { Allow: 'POST' } };
  const headers = {
    Allow: 'POST',
    'WebHook-Allowed-Origin': origins === '*' ? '*' : origin,
    'WebHook-Allowed-Rate': String(requestsPerMinute),
  };
  return { status: 200, headers };
}
