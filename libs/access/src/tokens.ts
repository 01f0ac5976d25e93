import { createHash, randomBytes } from 'node:crypto';

/** A new API token: `pd_` and 256 random bits. Shown once; only its hash is kept. */
export function createToken(): string {
  return `pd_${randomBytes(32).toString('base64url')}`;
}

/** SHA-256 in hex. A token holds 256 random bits, so a plain hash cannot be guessed back and needs no salt. */
export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
