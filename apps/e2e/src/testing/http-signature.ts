import { createHash, createPublicKey, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { RecordedRequest } from './recording-receiver.js';

/** What a receiver finds out about a request signed by Copernica's protocol, by the recipe of its documentation and nothing of ours. */
export interface SignatureCheck {
  readonly keyId: string;
  readonly algorithm: string;
  /** Names that the signature covers, in its order. */
  readonly covered: readonly string[];
  readonly digestMatches: boolean;
  readonly signatureMatches: boolean;
}

export interface PublishedKey {
  readonly keyId: string;
  /** Value of the TXT record. */
  readonly record: string;
}

/** Checks digest and signature with the key that is published under the request's `keyId`. */
export function checkHttpSignature(request: RecordedRequest, keys: readonly PublishedKey[]): SignatureCheck {
  const { keyId = '', algorithm = '', headers = '', signature = '' } = parametersOf(header(request, 'signature'));
  const covered = headers.split(' ');
  const published = keys.find((key) => key.keyId === keyId);
  if (!published) throw new Error(`no key is published as ${keyId}`);
  const signed = Buffer.from(signingString(request, covered));
  return {
    keyId,
    algorithm,
    covered,
    digestMatches:
      header(request, 'digest') === `sha-256=${createHash('sha256').update(request.body).digest('base64')}`,
    signatureMatches: verify('sha256', signed, publicKey(published.record), Buffer.from(signature, 'base64')),
  };
}

function parametersOf(text: string): Partial<Record<string, string>> {
  const pairs = [...text.matchAll(/([a-zA-Z]+)="([^"]*)"/g)];
  return Object.fromEntries(pairs.map(([, name = '', value = '']): [string, string] => [name, value]));
}

function signingString(request: RecordedRequest, covered: readonly string[]): string {
  const line = (name: string): string =>
    name === '(request-target)'
      ? `${name}: ${request.method.toLowerCase()} ${request.target}`
      : `${name}: ${header(request, name)}`;
  return covered.map(line).join('\n');
}

function header({ headers }: RecordedRequest, name: string): string {
  const value = headers[name];
  if (typeof value !== 'string') throw new Error(`the request has no header ${name}`);
  return value.trim();
}

/** `v=DKIM1;k=rsa;p=<base64 of the SubjectPublicKeyInfo>` */
function publicKey(record: string): KeyObject {
  const base64 = /^v=DKIM1;k=rsa;p=([A-Za-z0-9+/=]+)$/.exec(record)?.[1];
  if (base64 === undefined) throw new Error('the TXT record is not one that receivers understand');
  return createPublicKey({ key: Buffer.from(base64, 'base64'), format: 'der', type: 'spki' });
}
