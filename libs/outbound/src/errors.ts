/**
 * What can keep an exchange from ending with a response. Codes are stable: they stand in attempts, in the API and in the console.
 * The sentences are for the people who run the receiver and may be improved.
 */
export const OUTBOUND_ERRORS = {
  dns_not_found: 'The host name of the handler does not exist. Correct the URL, or publish an A or AAAA record for it.',
  dns_failed: 'The name servers of the host did not answer. Check the DNS of the domain.',
  address_not_allowed:
    'The host name leads to an address that is not public. Use a public address, or have the operator allow its range.',
  connect_refused: 'The server refused the connection. Check that it is running and listens on this port.',
  connect_timeout: 'No connection came about in time. Check the firewall and the load of the server.',
  connect_failed: 'The server cannot be reached. Check its address and its network.',
  connection_wait_timeout:
    'All connections to this server stayed busy until the deadline. Let the server answer faster, or send it less at once.',
  out_of_sockets:
    'The sender has no socket left, which is not the fault of the server. Have the operator raise its limit of open files (`ulimit -n`).',
  tls_certificate_expired: "The server's certificate is expired or not valid yet. Renew it.",
  tls_certificate_untrusted:
    "The server's certificate is not signed by a known authority. Install one that is, with its intermediate certificates.",
  tls_host_mismatch: "The server's certificate is for another host name. Install one that names this host.",
  tls_failed: 'The TLS handshake failed. Check that the port speaks HTTPS with TLS 1.2 or later.',
  connection_reset: 'The server closed the connection before the whole response was there.',
  headers_timeout: 'The server took the request but sent no response in time. Answer first, work later.',
  response_timeout: 'The response began but was not complete in time. Send a short response.',
  protocol_error: 'The response is not valid HTTP/1.1. Check the server and the proxies before it.',
  invalid_request: 'The request cannot be sent as it is. Correct the headers of the webhook.',
  aborted: 'The request was cancelled before its response was complete.',
} as const;

export type OutboundErrorCode = keyof typeof OUTBOUND_ERRORS;

/** Ancestor of all errors of this library. `code` is stable; the message is a sentence that says what to do. */
export abstract class OutboundError extends Error {
  abstract readonly code: string;
}

/** Why an exchange failed, as the address guard and the connector raise it. A sender turns it into a result. */
export class ExchangeError extends OutboundError {
  override readonly name = 'ExchangeError';
  /** The address at the other end, as far as it is known. */
  readonly remoteAddress: string | undefined;

  constructor(
    readonly code: OutboundErrorCode,
    options: { detail?: string | undefined; cause?: unknown; remoteAddress?: string | undefined } = {},
  ) {
    super(describe(code, options.detail), { cause: options.cause });
    this.remoteAddress = options.remoteAddress;
  }
}

/** The sentence of a code, with what is known of this case in brackets. */
export function describe(code: OutboundErrorCode, detail?: string): string {
  return detail === undefined ? OUTBOUND_ERRORS[code] : `${OUTBOUND_ERRORS[code]} (${detail})`;
}
