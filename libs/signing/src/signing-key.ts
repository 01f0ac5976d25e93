import { createPublicKey, generateKeyPair } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { SigningError } from './errors.js';

/** RSA-2048 with e = 65537: the vendor's verifier cannot take larger keys (spec section 6.3). Made off the main thread. */
export async function generateSigningKey(): Promise<{ privateKey: KeyObject; publicKey: KeyObject }> {
  return promisify(generateKeyPair)('rsa', { modulusLength: 2048, publicExponent: 65_537 });
}

/** Value of the TXT record: exactly `v=DKIM1;k=rsa;p=…`, no spaces (spec section 6.4; RFC 6376 section 3.6.1). */
export function dnsRecord(publicKey: KeyObject): string {
  return `v=DKIM1;k=rsa;p=${publicKey.export({ type: 'spki', format: 'der' }).toString('base64')}`;
}

/** The strings of a TXT record: at most 255 bytes each. */
export function dnsStrings(record: string): string[] {
  return record.match(/.{1,255}/g) ?? [];
}

/** Reads a TXT record (its strings joined). Spaces around tags are allowed. Throws `key_record_malformed`. */
export function parseDnsRecord(record: string): KeyObject {
  const tags = new Map(
    record
      .split(';')
      .map((tag) => [tag.split('=', 1)[0]?.trim(), tag.slice(tag.indexOf('=') + 1).replaceAll(/\s/g, '')] as const),
  );
  const key = tags.get('p');
  if (tags.get('v') !== 'DKIM1' || (tags.get('k') ?? 'rsa') !== 'rsa' || !key)
    throw new SigningError('key_record_malformed');
  const publicKey = importKey(Buffer.from(key, 'base64'));
  if (publicKey.asymmetricKeyType !== 'rsa') throw new SigningError('key_record_malformed', 'it is not an RSA key');
  return publicKey;
}

function importKey(key: Buffer): KeyObject {
  try {
    return createPublicKey({ key, format: 'der', type: 'spki' });
  } catch (error) {
    throw new SigningError('key_record_malformed', undefined, { cause: error });
  }
}
