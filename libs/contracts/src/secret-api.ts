import { z } from 'zod';
import { SIGNATURES } from './config.js';

/** Secrets of one webhook that sign at the same time, at most. */
export const MAX_SECRETS = 3;

const DAY_SECONDS = 86_400;
/** Seconds that an old secret goes on signing when nothing else is said. */
export const DEFAULT_OVERLAP_SECONDS = DAY_SECONDS;
const OVERLAP = 'must be whole seconds from 0 to 604,800 (7 days)';

/** `POST /v1/webhooks/{id}/secret/rotate`. */
export const rotateSecret = z.strictObject({
  /** One of the caller's own, only for `v1`; absent: a new one is made. What a secret looks like, libs/signing knows. */
  secret: z
    .string('must be whsec_ and base64 of 24 to 64 bytes')
    .meta({ pattern: '^whsec_[A-Za-z0-9+/]{32,88}={0,2}$' })
    .optional(),
  /** Seconds that the secrets before may go on signing; 0: none. */
  overlap: z
    .int(OVERLAP)
    .min(0, OVERLAP)
    .max(7 * DAY_SECONDS, OVERLAP)
    .default(DEFAULT_OVERLAP_SECONDS),
});

export type RotateSecret = z.output<typeof rotateSecret>;

/** One that still signs beside the newest. */
export const previousSecretView = z.object({
  signature: z.enum(SIGNATURES),
  until: z.string(),
  publicKey: z.string().optional().describe('Only with `v1a`; the receiver has an old secret already.'),
});

export type PreviousSecretView = Readonly<z.output<typeof previousSecretView>>;

const previous = z.array(previousSecretView).readonly().describe('Those before it that still sign, the newest first.');
const verification = [
  z.object({ signature: z.literal('v1'), secret: z.string() }),
  z.object({ signature: z.literal('v1a'), publicKey: z.string() }),
] as const;

/** What a receiver verifies with: the secret that both sides have, or the public key (`whpk_…`). Private keys are never shown. */
export type VerificationView = Readonly<z.output<(typeof verification)[number]>>;

/** The secrets or keys of a webhook as `/v1` shows them. Times are ISO 8601 in UTC. */
export const secretView = z.union([verification[0].extend({ previous }), verification[1].extend({ previous })]);

export type SecretView = VerificationView & { readonly previous: readonly PreviousSecretView[] };
