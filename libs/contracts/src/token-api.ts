import { z } from 'zod';
import { SCOPES } from './config.js';
import type { Scope } from './config.js';
import { line, moment } from './fields.js';

/** `POST /v1/tokens`. */
export const createToken = z.strictObject({
  /** For people: what the token is for. */
  name: line.min(1, 'may not be empty').max(200),
  /** What it may do; no more than the token that makes it. */
  scopes: z
    .array(z.enum(SCOPES, `must be among ${SCOPES.join(', ')}`))
    .min(1, 'must hold at least one scope')
    .transform((scopes) => [...new Set(scopes)]),
  /** ISO 8601; absent: it never expires. */
  expiresAt: moment.optional(),
});

export type CreateToken = z.output<typeof createToken>;

/** An API token as `/v1` shows it. Times are ISO 8601 in UTC. */
export interface TokenView {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly createdAt: string;
  /** Null: never. */
  readonly expiresAt: string | null;
}

/** The answer to `POST /v1/tokens`: the only time that the token itself is shown. */
export interface CreatedToken extends TokenView {
  readonly token: string;
}
