import type { FastifyRequest } from 'fastify';

/** The versions of Copernica's API. Older ones take a token in the address, and v2 answers a PUT with a redirect (spec section 10.1). */
export const VERSIONS = ['v2', 'v3', 'v4'] as const;

/** Paths in all versions, and every longer one: Copernica ignores parts after a complete path. */
export function inAllVersions(path: string): string[] {
  return VERSIONS.flatMap((version) => [`${version}/${path}`, `${version}/${path}/*`]);
}

/** SMTPeter's addresses, of which some have names from before 2017. */
export function ofSmtpeter(...paths: string[]): string[] {
  return paths.map((path) => `v1/${path}`);
}

/** A webhook, or a part of it such as `/test`: in all versions, and by both of SMTPeter's names. */
export function ofWebhook(part = ''): string[] {
  return [...inAllVersions(`webhook/:id${part}`), ...ofSmtpeter(`webhook/:id${part}`, `feedbackloop/:id${part}`)];
}

const COPERNICA = /^\/(?:v[234]|authenticate)(?:[/?]|$)/;
/** Not what is below `/v1/webhooks`, which is our own. */
const SMTPETER = /^\/v1\/(?:(?:webhook|feedbackloops?|logfiles)(?:[/?]|$)|webhooks(?:\?|$))/;

/** Whether an address is one of Copernica's or SMTPeter's, where errors have their shape. */
export function isCompatible(url: string): boolean {
  return COPERNICA.test(url) || SMTPETER.test(url);
}

/** The version that a request was written for. */
export function versionOf({ url }: Pick<FastifyRequest, 'url'>): string {
  return /^\/(v\d+)(?:[/?]|$)/.exec(url)?.[1] ?? 'v4';
}
