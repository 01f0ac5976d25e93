import { createPrivateKey, createPublicKey, createSecretKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { SigningError } from './errors.js';

/** A secret of the symmetric scheme (`v1`), parsed once: a MAC with it takes a sixth of the time that one with its bytes does. */
export interface WebhookSecret {
  readonly key: KeyObject;
}

/** The private key of the asymmetric scheme (`v1a`), parsed once. */
export interface WebhookPrivateKey {
  readonly privateKey: KeyObject;
}

/** The public key of the asymmetric scheme (`v1a`), parsed once. */
export interface WebhookPublicKey {
  readonly publicKey: KeyObject;
}

/** What a sender signs with. */
export type WebhookSigningKey = WebhookSecret | WebhookPrivateKey;
/** What a receiver verifies with. */
export type WebhookVerificationKey = WebhookSecret | WebhookPublicKey;

const SECRET = 'whsec_';
const PRIVATE = 'whsk_';
const PUBLIC = 'whpk_';
/** All that stands before the 32 bytes of an ed25519 key in DER (RFC 8410 sections 4 and 7). */
const PKCS8_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex');
const SPKI_HEAD = Buffer.from('302a300506032b6570032100', 'hex');
const KEY_BYTES = 32;

/** A new secret: `whsec_` and base64 of 32 random bytes. */
export function generateWebhookSecret(): string {
  return SECRET + randomBytes(32).toString('base64');
}

/** A new pair: `whsk_` and base64 of the private and the public key, 32 bytes each; `whpk_` and base64 of the public key. */
export function generateWebhookKeyPair(): { privateKey: string; publicKey: string } {
  const pair = generateKeyPairSync('ed25519');
  const seed = pair.privateKey.export({ type: 'pkcs8', format: 'der' }).subarray(-KEY_BYTES);
  const publicKey = rawPublicKey(pair.publicKey);
  return {
    privateKey: PRIVATE + Buffer.concat([seed, publicKey]).toString('base64'),
    publicKey: PUBLIC + publicKey.toString('base64'),
  };
}

/** Parses `whsec_` and base64 of 24 to 64 bytes. Throws `secret_malformed`. */
export function parseWebhookSecret(secret: string): WebhookSecret {
  const key = decode(SECRET, secret);
  if (key === undefined || key.length < 24 || key.length > 64) throw new SigningError('secret_malformed');
  return { key: createSecretKey(key) };
}

/** Parses `whsk_` and base64 of the private and the public key. Throws `private_key_malformed`. */
export function parseWebhookPrivateKey(text: string): WebhookPrivateKey {
  const pair = decode(PRIVATE, text);
  if (pair?.length !== 2 * KEY_BYTES) throw new SigningError('private_key_malformed');
  const key = Buffer.concat([PKCS8_HEAD, pair.subarray(0, KEY_BYTES)]);
  const privateKey = createPrivateKey({ key, format: 'der', type: 'pkcs8' });
  if (!rawPublicKey(createPublicKey(privateKey)).equals(pair.subarray(KEY_BYTES)))
    throw new SigningError('private_key_malformed', 'its two halves do not belong together');
  return { privateKey };
}

/** The public key (`whpk_…`) of a private key (`whsk_…`). Throws `private_key_malformed`. */
export function webhookPublicKeyOf(privateKey: string): string {
  return PUBLIC + rawPublicKey(createPublicKey(parseWebhookPrivateKey(privateKey).privateKey)).toString('base64');
}

/** Parses `whpk_` and base64 of 32 bytes. Throws `public_key_malformed`. */
export function parseWebhookPublicKey(text: string): WebhookPublicKey {
  const key = decode(PUBLIC, text);
  if (key?.length !== KEY_BYTES) throw new SigningError('public_key_malformed');
  return { publicKey: createPublicKey({ key: Buffer.concat([SPKI_HEAD, key]), format: 'der', type: 'spki' }) };
}

/** A secret or a private key, by its prefix. Throws `private_key_malformed` or `secret_malformed`. */
export function parseWebhookSigningKey(text: string): WebhookSigningKey {
  return text.startsWith(PRIVATE) ? parseWebhookPrivateKey(text) : parseWebhookSecret(text);
}

/** A secret or a public key, by its prefix. Throws `public_key_malformed` or `secret_malformed`. */
export function parseWebhookVerificationKey(text: string): WebhookVerificationKey {
  return text.startsWith(PUBLIC) ? parseWebhookPublicKey(text) : parseWebhookSecret(text);
}

function rawPublicKey(key: KeyObject): Buffer {
  return key.export({ type: 'spki', format: 'der' }).subarray(-KEY_BYTES);
}

/** The bytes after the prefix; undefined without it, or when they are not base64 as it is written. */
function decode(prefix: string, text: string): Buffer | undefined {
  const encoded = text.startsWith(prefix) ? text.slice(prefix.length) : '';
  const bytes = Buffer.from(encoded, 'base64');
  return bytes.toString('base64') === encoded ? bytes : undefined;
}
