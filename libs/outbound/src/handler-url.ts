import { OutboundError } from './errors.js';

/** Longest handler URL, in characters, as given and as sent. */
export const MAX_URL_LENGTH = 2_048;

/** What is wrong with a handler URL. Stable. */
export const HANDLER_URL_ERRORS = {
  url_invalid: 'This is not a URL. Give a complete one, such as https://www.example.com/webhooks.',
  url_too_long: `The URL is too long. Use at most ${MAX_URL_LENGTH} characters.`,
  url_scheme: 'The URL must begin with https:// or http://.',
  url_credentials: 'The URL holds a user name or a password. Leave them out; requests are signed instead.',
  url_fragment: 'The URL holds a fragment (#…), which is never sent to a server. Leave it out.',
  url_host: 'The host of the URL is not valid. Use a domain name or an address.',
  url_port: 'Requests cannot be sent to this port. Use the port of a web server, such as 443 or 8080.',
} as const;

export type HandlerUrlErrorCode = keyof typeof HANDLER_URL_ERRORS;

export class HandlerUrlError extends OutboundError {
  override readonly name = 'HandlerUrlError';

  constructor(readonly code: HandlerUrlErrorCode) {
    super(HANDLER_URL_ERRORS[code]);
  }
}

/**
 * A handler's URL, in the parts that are sent and signed (spec section 6.2). Everything is as the WHATWG URL parser normalised
 * it: host in lower case and punycode, numeric hosts as dotted addresses, `.` and `..` segments resolved, spaces and non-ASCII
 * characters percent-encoded; existing percent-encoding is untouched.
 */
export interface ParsedHandlerUrl {
  /** The whole URL as it will be requested. */
  readonly href: string;
  /** Scheme, host and port; what connections are shared by. */
  readonly origin: string;
  readonly secure: boolean;
  /** Domain name or address, without brackets and without the root's dot. */
  readonly hostname: string;
  /** 1 to 65535; the scheme's own when the URL names none. */
  readonly port: number;
  /** The exact value of the `Host` header: with the port if it is not the scheme's own, with brackets around IPv6. */
  readonly host: string;
  /** The exact request target: path and query, at least `/`. */
  readonly target: string;
}

/**
 * Ports of line-based and chat protocols whose servers would take lines of our body for commands; part of the "bad ports" of the
 * Fetch standard (https://fetch.spec.whatwg.org/#port-blocking).
 */
const REFUSED_PORTS: ReadonlySet<number> = new Set([
  0, 1, 7, 9, 19, 20, 21, 22, 23, 25, 43, 53, 79, 109, 110, 111, 113, 119, 135, 137, 139, 143, 161, 179, 389, 427, 465,
  512, 513, 514, 515, 587, 636, 993, 995, 2049, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697,
]);

/**
 * Parses the URL of a handler, or of a verification file beside it.
 *
 * @param text absolute http or https URL of at most 2,048 characters, without credentials and fragment
 * @throws {HandlerUrlError} with one of `HANDLER_URL_ERRORS`
 */
export function parseHandlerUrl(text: string): ParsedHandlerUrl {
  checkText(text);
  const url = URL.parse(text);
  if (url === null) throw new HandlerUrlError('url_invalid');
  if (url.username !== '' || url.password !== '') throw new HandlerUrlError('url_credentials');
  if (url.href.length > MAX_URL_LENGTH) throw new HandlerUrlError('url_too_long');
  const secure = url.protocol === 'https:';
  return {
    href: url.href,
    origin: url.origin,
    secure,
    hostname: hostnameOf(url),
    port: portOf(url, secure),
    host: url.host,
    target: url.href.slice(url.origin.length),
  };
}

/** What the WHATWG parser would silently repair is refused: people should see the URL that is used. */
function checkText(text: string): void {
  if (text.length > MAX_URL_LENGTH) throw new HandlerUrlError('url_too_long');
  if (text.trim() !== text || hasControlCharacter(text)) throw new HandlerUrlError('url_invalid');
  if (!/^https?:\/\//i.test(text))
    throw new HandlerUrlError(/^[a-z][a-z0-9+.-]*:/i.test(text) ? 'url_scheme' : 'url_invalid');
  if (text.includes('#')) throw new HandlerUrlError('url_fragment');
  const authority = /^https?:\/\/([^/\\?]*)/i.exec(text)?.[1] ?? '';
  if (authority === '') throw new HandlerUrlError('url_host');
  if (authority.includes('@')) throw new HandlerUrlError('url_credentials');
}

function hasControlCharacter(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code < 0x20 || code === 0x7f) return true;
  }
  return false;
}

function hostnameOf(url: URL): string {
  const { hostname } = url;
  if (hostname.startsWith('[')) return hostname.slice(1, -1);
  const name = hostname.endsWith('.') ? hostname.slice(0, -1) : hostname;
  // RFC 1035 section 2.3.4: labels of 1 to 63 octets, 253 characters in all.
  const labels = name.split('.');
  if (name.length > 253 || labels.some((label) => label === '' || label.length > 63))
    throw new HandlerUrlError('url_host');
  return name;
}

function portOf(url: URL, secure: boolean): number {
  const port = url.port === '' ? (secure ? 443 : 80) : Number(url.port);
  if (REFUSED_PORTS.has(port)) throw new HandlerUrlError('url_port');
  return port;
}
