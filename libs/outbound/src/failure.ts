import { codeOf, OWN_LIMITS } from './error-code.js';
import { ExchangeError, type OutboundErrorCode } from './errors.js';

/** How far a connection got. */
type ConnectStage = 'dns' | 'tcp' | 'tls';

export interface ConnectProgress {
  stage: ConnectStage;
  /** Absent before the look-up, and while any of several addresses may become it. */
  remoteAddress?: string | undefined;
}

/** Node's and OpenSSL's codes for certificates (https://nodejs.org/api/tls.html#x509-certificate-error-codes). */
const CERTIFICATE_CODES: Readonly<Record<string, OutboundErrorCode>> = {
  CERT_HAS_EXPIRED: 'tls_certificate_expired',
  CERT_NOT_YET_VALID: 'tls_certificate_expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'tls_host_mismatch',
  HOSTNAME_MISMATCH: 'tls_host_mismatch',
  CERT_CHAIN_TOO_LONG: 'tls_certificate_untrusted',
  CERT_REJECTED: 'tls_certificate_untrusted',
  CERT_REVOKED: 'tls_certificate_untrusted',
  CERT_SIGNATURE_FAILURE: 'tls_certificate_untrusted',
  CERT_UNTRUSTED: 'tls_certificate_untrusted',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'tls_certificate_untrusted',
  INVALID_CA: 'tls_certificate_untrusted',
  INVALID_PURPOSE: 'tls_certificate_untrusted',
  PATH_LENGTH_EXCEEDED: 'tls_certificate_untrusted',
  SELF_SIGNED_CERT_IN_CHAIN: 'tls_certificate_untrusted',
  UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY: 'tls_certificate_untrusted',
  UNABLE_TO_DECRYPT_CERT_SIGNATURE: 'tls_certificate_untrusted',
  UNABLE_TO_GET_ISSUER_CERT: 'tls_certificate_untrusted',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'tls_certificate_untrusted',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'tls_certificate_untrusted',
};

/** Errors of undici for a response that is no HTTP/1.1, by name: those of its parser have no code. */
const PROTOCOL_NAMES = new Set(['HTTPParserError', 'HeadersOverflowError']);

/** What undici calls a server that speaks out of turn: an unasked 100, an upgrade that nobody asked for. */
const PROTOCOL_MESSAGES = new Set(['bad response', 'bad upgrade']);

/** Codes of undici for a request that it refuses to send. */
const REQUEST_CODES = new Set(['UND_ERR_INVALID_ARG', 'UND_ERR_NOT_SUPPORTED', 'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH']);

/** The failure of a connection that did not come about. */
export function connectError({ stage, remoteAddress }: ConnectProgress, cause?: unknown): ExchangeError {
  if (cause instanceof ExchangeError) return cause;
  const code = codeOf(cause);
  return new ExchangeError(connectCode(stage, code), { detail: code === '' ? undefined : code, cause, remoteAddress });
}

function connectCode(stage: ConnectStage, code: string): OutboundErrorCode {
  if (OWN_LIMITS.includes(code)) return 'out_of_sockets';
  if (stage === 'tls') return CERTIFICATE_CODES[code] ?? (code === 'ETIMEDOUT' ? 'connect_timeout' : 'tls_failed');
  if (stage === 'dns') return 'dns_failed';
  if (code === 'ECONNREFUSED') return 'connect_refused';
  return code === 'ETIMEDOUT' ? 'connect_timeout' : 'connect_failed';
}

/** The failure of a connection that did not come about in time. */
export function timeoutError({ stage, remoteAddress }: ConnectProgress, afterMs: number): ExchangeError {
  const code = stage === 'dns' ? 'dns_failed' : 'connect_timeout';
  return new ExchangeError(code, {
    detail: `${stage === 'tls' ? 'TLS handshake, ' : ''}after ${afterMs} ms`,
    remoteAddress,
  });
}

/** The failure of an exchange on a connection that stood: an error of undici or of the socket. */
export function exchangeError(cause: Error): ExchangeError {
  if (cause instanceof ExchangeError) return cause;
  const code = codeOf(cause);
  if (REQUEST_CODES.has(code)) return new ExchangeError('invalid_request', { detail: cause.message, cause });
  const speaksNoHttp = PROTOCOL_NAMES.has(cause.name) || PROTOCOL_MESSAGES.has(cause.message);
  if (speaksNoHttp) return new ExchangeError('protocol_error', { detail: cause.message, cause });
  return new ExchangeError('connection_reset', { detail: code.startsWith('E') ? code : cause.message, cause });
}
