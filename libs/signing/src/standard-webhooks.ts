import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { SigningError } from './errors.js';
import type { Header } from './http-signature.js';

/** A secret, parsed once. */
export interface WebhookSecret {
  readonly key: Buffer;
}

const PREFIX = 'whsec_';

/** A new secret: `whsec_` and base64 of 32 random bytes. */
export function generateWebhookSecret(): string {
  return PREFIX + randomBytes(32).toString('base64');
}

/** Parses `whsec_` and base64 of 24 to 64 bytes. Throws `secret_malformed`. */
export function parseWebhookSecret(secret: string): WebhookSecret {
  const encoded = secret.startsWith(PREFIX) ? secret.slice(PREFIX.length) : '';
  const key = Buffer.from(encoded, 'base64');
  if (key.length < 24 || key.length > 64 || key.toString('base64') !== encoded)
    throw new SigningError('secret_malformed');
  return { key };
}

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
  /** One signature for each, in this order: several while secrets rotate. */
  readonly secrets: readonly WebhookSecret[];
}

/** Headers of Standard Webhooks 1.0 with symmetric signatures (`v1`). */
export function signStandardWebhook({ id, timestamp, body, secrets }: StandardWebhook): Header[] {
  const seconds = String(Math.floor(timestamp.getTime() / 1_000));
  const signatures = secrets.map((secret) => `v1,${mac(secret, id, seconds, body).toString('base64')}`);
  return [
    ['webhook-id', id],
    ['webhook-timestamp', seconds],
    ['webhook-signature', signatures.join(' ')],
  ];
}

export interface StandardWebhookToVerify {
  readonly headers: readonly Header[];
  /** The raw body. */
  readonly body: Uint8Array;
  readonly secrets: readonly WebhookSecret[];
  readonly now: Date;
  /** Seconds that the timestamp may differ from now, either way. Default 300. */
  readonly toleranceSeconds?: number;
}

/** Verifies a request of Standard Webhooks: one `v1` signature by one of the secrets is enough. Throws `SigningError`. */
export function verifyStandardWebhook({
  headers,
  body,
  secrets,
  now,
  toleranceSeconds = 300,
}: StandardWebhookToVerify): { id: string; timestamp: Date } {
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
  const given = header('webhook-signature')
    .split(' ')
    .filter((signature) => signature.startsWith('v1,'))
    .map((signature) => Buffer.from(signature.slice(3), 'base64'));
  const expected = secrets.map((secret) => mac(secret, id, seconds, body));
  const fits = expected.some((one) =>
    given.some((other) => other.length === one.length && timingSafeEqual(other, one)),
  );
  if (!fits) throw new SigningError('signature_mismatch');
  return { id, timestamp };
}

function mac({ key }: WebhookSecret, id: string, seconds: string, body: Uint8Array): Buffer {
  return createHmac('sha256', key).update(`${id}.${seconds}.`).update(body).digest();
}
