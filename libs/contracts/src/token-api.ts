import { z } from 'zod';
import { SCOPES } from './config.js';
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
export const tokenView = z.object({
  id: z.string(),
  name: z.string(),
  scopes: z.array(z.enum(SCOPES)).readonly(),
  createdAt: z.iso.datetime(),
  expiresAt: z.iso.datetime().nullable().describe('Null: never.'),
});

export type TokenView = Readonly<z.output<typeof tokenView>>;

/** The answer to `POST /v1/tokens`: the only time that the token itself is shown. */
export const createdToken = tokenView.extend({ token: z.string() });

export type CreatedToken = Readonly<z.output<typeof createdToken>>;
