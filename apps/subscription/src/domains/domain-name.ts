import { domainToASCII } from 'node:url';
import { ApiError } from '@postduif/contracts';
import { parseHandlerUrl } from '@postduif/outbound';
import { parse } from 'tldts';

/** Longest domain whose records, with what stands before it in their names, still fit into DNS (RFC 1035 section 2.3.4). */
const MAX_LENGTH = 230;
/** What a URL parser would take for something else than a part of a name, and `*`. */
const FOREIGN = /[\s/\\?#@:%[\]*]/;
const LABEL = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/;

/**
 * A domain in the form in which DNS and handlers have it: ASCII in lower case, without the root's dot.
 *
 * @param text as people write it; Unicode is understood
 * @throws {ApiError} `domain_invalid`, or `domain_is_public_suffix` for a name that nobody owns alone, such as `co.uk`
 */
export function parseDomain(text: string): string {
  const domain = FOREIGN.test(text) ? '' : domainToASCII(text).replace(/\.$/, '');
  const labels = domain.split('.');
  if (domain.length > MAX_LENGTH || !labels.every((label) => LABEL.test(label))) throw new ApiError('domain_invalid');
  const { isIp, domain: registered } = parse(domain, { allowPrivateDomains: true, extractHostname: false });
  if (isIp === true)
    throw new ApiError('domain_invalid', 'This is an address. Domains can be validated, addresses cannot.');
  if (registered === null) throw new ApiError('domain_is_public_suffix');
  return domain;
}

/** Whether a host is the domain or below it. */
export function isUnder(hostname: string, domain: string): boolean {
  return hostname === domain || hostname.endsWith(`.${domain}`);
}

/** Whether a handler's host is at the domain. Addresses never are: a domain is none. */
export function isAtDomain(handler: string, domain: string): boolean {
  return isUnder(parseHandlerUrl(handler).hostname, domain);
}
