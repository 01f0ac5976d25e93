import { createHmac, sign as ed25519Sign, timingSafeEqual, verify as ed25519Verify } from 'node:crypto';
import { SigningError } from './errors.js';
import type { Header } from './http-signature.js';
import type { WebhookSecret, WebhookSigningKey, WebhookVerificationKey } from './standard-webhooks-keys.js';

export interface StandardWebhook {
  /**
   * Id of the event: the same at every attempt. The standard wants ids that users choose to hold no dot: a dot separates what is
   * signed, so with one in the id the signature also fits another split into id, timestamp and body. That is for the caller to see
   * to; it is not checked here.
   */
  readonly id: string;
  /** Time of this attempt. */
  readonly timestamp: Date;
  readonly body: Uint8Array;
  /** One signature for each, in this order: several while secrets rotate. A secret makes `v1`, a private key `v1a`. */
  readonly secrets: readonly WebhookSigningKey[];
}

/** Headers of Standard Webhooks 1.0, with symmetric (`v1`) and asymmetric (`v1a`) signatures. */
export function signStandardWebhook({ id, timestamp, body, secrets }: StandardWebhook): Header[] {
  const seconds = String(Math.floor(timestamp.getTime() / 1_000));
  const content = { head: `${id}.${seconds}.`, body };
  return [
    ['webhook-id', id],
    ['webhook-timestamp', seconds],
    ['webhook-signature', secrets.map((key) => signature(key, content)).join(' ')],
  ];
}

export interface StandardWebhookToVerify {
  readonly headers: readonly Header[];
  /** The raw body. */
  readonly body: Uint8Array;
  /** Secrets for `v1`, public keys for `v1a`. */
  readonly secrets: readonly WebhookVerificationKey[];
  readonly now: Date;
  /** Seconds that the timestamp may differ from now, either way. Default 300. */
  readonly toleranceSeconds?: number;
}

export interface VerifiedStandardWebhook {
  readonly id: string;
  readonly timestamp: Date;
  /** The signature that fits. The same content and key never make another, so it tells a replay. */
  readonly signature: Buffer;
}

/** Signatures of a header that are tried: more than any rotation needs, fewer than would keep the processor busy. */
const MAX_SIGNATURES = 16;

/** Verifies a request of Standard Webhooks: one signature by one of the secrets is enough. Throws `SigningError`. */
export function verifyStandardWebhook({
  headers,
  body,
  secrets,
  now,
  toleranceSeconds = 300,
}: StandardWebhookToVerify): VerifiedStandardWebhook {
  const header = (name: string): string => {
    const found = headers.find(([other]) => other.toLowerCase() === name);
    if (found === undefined) throw new SigningError('header_missing', name);
    return found[1].trim();
  };
  const id = header('webhook-id');
  const seconds = header('webhook-timestamp');
  if (!/^\d{1,12}$/.test(seconds)) throw new SigningError('timestamp_malformed');
  const timestamp = new Date(Number(seconds) * 1_000);
  if (Math.abs(now.getTime() - timestamp.getTime()) > toleranceSeconds * 1_000)
    throw new SigningError('timestamp_out_of_tolerance');
  const given = header('webhook-signature').split(' ').slice(0, MAX_SIGNATURES).map(parseSignature);
  const content = { head: `${id}.${seconds}.`, body };
  const fitting = secrets.map((key) => given.find(fits(key, content))).find((one) => one !== undefined);
  if (fitting === undefined) throw new SigningError('signature_mismatch');
  return { id, timestamp, signature: fitting.bytes };
}

/** What is signed: the body after a head of id and seconds. */
interface Content {
  readonly head: string;
  readonly body: Uint8Array;
}

function signature(key: WebhookSigningKey, content: Content): string {
  return 'privateKey' in key
    ? `v1a,${ed25519Sign(null, whole(content), key.privateKey).toString('base64')}`
    : `v1,${mac(key, content).toString('base64')}`;
}

interface GivenSignature {
  readonly version: string;
  readonly bytes: Buffer;
}

function parseSignature(text: string): GivenSignature {
  const comma = text.indexOf(',');
  return { version: text.slice(0, comma), bytes: Buffer.from(text.slice(comma + 1), 'base64') };
}

/** Tells whether a signature is by this key. Whatever is costly and the same for all of them is done once. */
function fits(key: WebhookVerificationKey, content: Content): (given: GivenSignature) => boolean {
  if ('publicKey' in key) {
    const signed = whole(content);
    return ({ version, bytes }) => version === 'v1a' && ed25519Verify(null, signed, key.publicKey, bytes);
  }
  const expected = mac(key, content);
  return ({ version, bytes }) =>
    version === 'v1' && bytes.length === expected.length && timingSafeEqual(bytes, expected);
}

function mac({ key }: WebhookSecret, { head, body }: Content): Buffer {
  return createHmac('sha256', key).update(head).update(body).digest();
}

/** Ed25519 takes the message whole. */
function whole({ head, body }: Content): Buffer {
  return Buffer.concat([Buffer.from(head), body]);
}
