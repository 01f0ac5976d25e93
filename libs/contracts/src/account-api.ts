import { z } from 'zod';
import { accountId, line } from './fields.js';

const PREFIX = 'must be 1 to 32 letters, such as `account` or `environment`';
const SEPARATOR = 'must be `_` or `-`';

/** `PUT /v1/account`: what is absent stays. */
export const updateAccount = z.strictObject({
  name: line.min(1, 'may not be empty').max(200).optional(),
  /** Form of `X-Copernica-ID`, which receivers compare literally (spec section 6.5). */
  copernicaId: z
    .strictObject({
      prefix: z.string(PREFIX).regex(/^[A-Za-z]{1,32}$/, PREFIX),
      separator: z.enum(['_', '-'], SEPARATOR),
    })
    .optional(),
});

export type UpdateAccount = z.output<typeof updateAccount>;

/** The caller's account as `/v1` shows it. */
export interface AccountView {
  readonly id: string;
  readonly name: string;
  readonly copernicaId: {
    readonly prefix: string;
    readonly separator: string;
    /** Value of the header: prefix, separator, id. */
    readonly value: string;
  };
}

/** `POST /v1/accounts`, for the operator. */
export const createAccount = z.strictObject({
  /** For ever. */
  id: accountId,
  /** For people. */
  name: line.min(1, 'may not be empty').max(200),
});

export type CreateAccount = z.output<typeof createAccount>;

/** The answer to `POST /v1/accounts`: the only time that its first token is shown. */
export interface CreatedAccount extends AccountView {
  readonly token: string;
}
