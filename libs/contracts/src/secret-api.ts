import { z } from 'zod';
import type { SignatureVersion } from './config.js';

/** Secrets of one webhook that sign at the same time, at most. */
export const MAX_SECRETS = 3;

const DAY_SECONDS = 86_400;
/** Seconds that an old secret goes on signing when nothing else is said. */
export const DEFAULT_OVERLAP_SECONDS = DAY_SECONDS;
const OVERLAP = 'must be whole seconds from 0 to 604,800 (7 days)';

/** `POST /v1/webhooks/{id}/secret/rotate`. */
export const rotateSecret = z.strictObject({
  /** One of the caller's own, only for `v1`; absent: a new one is made. What a secret looks like, libs/signing knows. */
  secret: z.string('must be whsec_ and base64 of 24 to 64 bytes').optional(),
  /** Seconds that the secrets before may go on signing; 0: none. */
  overlap: z
    .int(OVERLAP)
    .min(0, OVERLAP)
    .max(7 * DAY_SECONDS, OVERLAP)
    .default(DEFAULT_OVERLAP_SECONDS),
});

export type RotateSecret = z.output<typeof rotateSecret>;

/** What a receiver verifies with: the secret that both sides have, or the public key (`whpk_…`). Private keys are never shown. */
export type VerificationView =
  | { readonly signature: Extract<SignatureVersion, 'v1'>; readonly secret: string }
  | { readonly signature: Extract<SignatureVersion, 'v1a'>; readonly publicKey: string };

/** The secrets or keys of a webhook as `/v1` shows them. Times are ISO 8601 in UTC. */
export type SecretView = VerificationView & {
  /** Those before it that still sign beside it, the newest first. */
  readonly previous: readonly PreviousSecretView[];
};

export interface PreviousSecretView {
  readonly signature: SignatureVersion;
  readonly until: string;
  /** Only with `v1a`; the receiver has an old secret already. */
  readonly publicKey?: string;
}
