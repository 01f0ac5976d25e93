import { timingSafeEqual, verify as rsaVerify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { SigningError } from './errors.js';
import type { SigningErrorCode } from './errors.js';
import { COVERED, COVERED_WITHOUT_BODY, digestHeader, signingString } from './http-signature.js';
import type { Header } from './http-signature.js';

export interface RequestToVerify {
  readonly method: string;
  /** Exactly as on the request line. */
  readonly target: string;
  /** As they came; of a repeated header the first counts. */
  readonly headers: readonly Header[];
  /** The raw body, as it came. */
  readonly body: Uint8Array;
}

export interface VerifyOptions {
  readonly now: Date;
  /** The public key under a DNS name; `undefined` when there is none. */
  readonly resolveKey: (keyId: string) => KeyObject | undefined | Promise<KeyObject | undefined>;
  /** Exact values that Host may have, with the port unless it is the scheme's own. Absent: any that was signed. */
  readonly expectedHost?: string | readonly string[];
  /** Exact values that X-Copernica-ID may have. Absent: any. */
  readonly expectedCopernicaId?: string | readonly string[];
  /** Domains under which keys may live, such as `copernica.com`. Absent: whatever `resolveKey` knows. */
  readonly allowedKeyDomains?: readonly string[];
  /** Default 60, as the vendor's verifier. */
  readonly maxAgeSeconds?: number;
  /** Default 60. The vendor's verifier has no such limit. */
  readonly maxFutureSeconds?: number;
}

export interface VerifiedSignature {
  readonly keyId: string;
  readonly copernicaId: string;
  readonly nonce: string;
  readonly date: Date;
}

/**
 * Verifies a request that was signed as Copernica does. Stricter than the vendor's class (spec section 6.3): the request target must
 * be covered, and so must the content headers of a body; what must be covered may not be empty; dates from the future and keys that
 * are not RSA are refused. Throws `SigningError`. Replays within `maxAgeSeconds` are for the caller to notice, by the nonce.
 */
export async function verifyRequest(request: RequestToVerify, options: VerifyOptions): Promise<VerifiedSignature> {
  const header = headerReader(request.headers);
  const date = checkDate(header('date'), options);
  if (!isExpected(header('host'), options.expectedHost)) throw new SigningError('host_mismatch');
  const copernicaId = header('x-copernica-id');
  if (!isExpected(copernicaId, options.expectedCopernicaId)) throw new SigningError('copernica_id_mismatch');
  checkDigest(header('digest'), request.body);
  const signature = parseSignatureHeader(header('signature'));
  const required = request.body.length > 0 ? COVERED : COVERED_WITHOUT_BODY;
  checkCoverage(signature.covered, required);
  for (const name of required) if (name !== '(request-target)') header(name);
  const key = await findKey(signature.keyId, options);
  const signed = signingString(request.method, request.target, request.headers, signature.covered);
  if (!rsaVerify('sha256', Buffer.from(signed, 'latin1'), key, signature.signature))
    throw new SigningError('signature_mismatch');
  return { keyId: signature.keyId, copernicaId, nonce: header('x-nonce'), date };
}

function headerReader(headers: readonly Header[]): (name: string) => string {
  return (name) => {
    const value = headers.find(([other]) => other.toLowerCase() === name)?.[1].trim();
    return value === undefined || value === '' ? fail('header_missing', name) : value;
  };
}

function isExpected(value: string, expected: string | readonly string[] | undefined): boolean {
  return expected === undefined || [expected].flat().includes(value);
}

function checkDate(value: string, { now, maxAgeSeconds = 60, maxFutureSeconds = 60 }: VerifyOptions): Date {
  const date = new Date(value);
  if (Number.isNaN(date.getTime()) || date.toUTCString() !== value) throw new SigningError('date_malformed');
  const age = (now.getTime() - date.getTime()) / 1_000;
  if (age > maxAgeSeconds) throw new SigningError('date_too_old', `${Math.round(age)} seconds`);
  if (-age > maxFutureSeconds) throw new SigningError('date_in_future', `${Math.round(-age)} seconds`);
  return date;
}

function checkDigest(value: string, body: Uint8Array): void {
  if (!/^sha-256=[A-Za-z0-9+/]{43}=$/.test(value)) throw new SigningError('digest_malformed');
  if (!timingSafeEqual(Buffer.from(value), Buffer.from(digestHeader(body)))) throw new SigningError('digest_mismatch');
}

interface ParsedSignature {
  readonly keyId: string;
  readonly covered: readonly string[];
  readonly signature: Buffer;
}

/** Parses the value of a Signature header; the word `Signature ` before it is allowed. */
export function parseSignatureHeader(value: string): ParsedSignature {
  const parameters = new Map<string, string>();
  for (const [, name = '', text = ''] of value.matchAll(/([a-zA-Z]+)="([^"\r\n]*)"/g)) parameters.set(name, text);
  const parameter = (name: string): string => parameters.get(name) ?? fail('signature_malformed', name);
  const keyId = parameter('keyId');
  const covered = parameter('headers').split(' ');
  const signature = parameter('signature');
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(signature)) throw new SigningError('signature_malformed', 'signature');
  const algorithm = parameters.get('algorithm') ?? 'none';
  if (algorithm.toLowerCase() !== 'rsa-sha256') throw new SigningError('algorithm_not_supported', algorithm);
  return { keyId, covered, signature: Buffer.from(signature, 'base64') };
}

function checkCoverage(covered: readonly string[], required: readonly string[]): void {
  const upper = covered.find((name) => name !== name.toLowerCase());
  if (upper !== undefined) throw new SigningError('header_name_not_lower_case', upper);
  const missing = required.find((name) => !covered.includes(name));
  if (missing !== undefined) throw new SigningError('header_not_covered', missing);
}

async function findKey(keyId: string, { allowedKeyDomains, resolveKey }: VerifyOptions): Promise<KeyObject> {
  if (allowedKeyDomains?.some((domain) => keyId.endsWith(`.${domain}`)) === false)
    throw new SigningError('key_not_allowed', keyId);
  const key = (await resolveKey(keyId)) ?? fail('key_not_found', keyId);
  // With another kind of key, node:crypto would verify by that key's algorithm, whatever the header says.
  return key.asymmetricKeyType === 'rsa' ? key : fail('key_not_rsa', keyId);
}

function fail(code: SigningErrorCode, detail: string): never {
  throw new SigningError(code, detail);
}
