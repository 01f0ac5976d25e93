import { z } from 'zod';
import { accountId, line, readOnly } from './fields.js';
import { pace } from './webhook-api.js';

const PREFIX = 'must be 1 to 32 letters, such as `account` or `environment`';
const SEPARATOR = 'must be `_` or `-`';

/** `PUT /v1/account`: what is absent stays. */
export const updateAccount = z.strictObject({
  id: readOnly,
  name: line.min(1, 'may not be empty').max(200).optional(),
  /** Form of `X-Copernica-ID`, which receivers compare literally (spec section 6.5). */
  copernicaId: z
    .strictObject({
      prefix: z.string(PREFIX).regex(/^[A-Za-z]{1,32}$/, PREFIX),
      separator: z.enum(['_', '-'], SEPARATOR),
      value: readOnly,
    })
    .optional(),
  /** What webhooks get that say nothing of it themselves; `null` goes back to the default. Webhooks that are there already stay as they are. */
  webhookDefaults: z.strictObject(pace).optional(),
});

export type UpdateAccount = z.output<typeof updateAccount>;

/** The caller's account as `/v1` shows it. */
export const accountView = z.object({
  id: z.string(),
  name: z.string(),
  copernicaId: z
    .object({
      prefix: z.string(),
      separator: z.string(),
      value: z.string().describe('Value of the header: prefix, separator, id.'),
    })
    .readonly(),
  webhookDefaults: z
    .object({
      schedule: z.array(z.number()).readonly().describe('Seconds between attempts.'),
      concurrency: z.number().describe('Requests in flight at once.'),
      rate: z.number().nullable().describe('Requests a second; null: no limit.'),
    })
    .readonly()
    .describe('What webhooks get that say nothing of it themselves.'),
});

export type AccountView = Readonly<z.output<typeof accountView>>;

/** `POST /v1/accounts`, for the operator. */
export const createAccount = z.strictObject({
  id: accountId.describe('For ever.'),
  name: line.min(1, 'may not be empty').max(200).describe('For people.'),
});

export type CreateAccount = z.output<typeof createAccount>;

/** The answer to `POST /v1/accounts`: the only time that its first token is shown. */
export const createdAccount = accountView.extend({ token: z.string() });

export type CreatedAccount = Readonly<z.output<typeof createdAccount>>;

/** `GET /v4/identity`. Copernica's table names the id `ID`, its example `id` (spec section 10.1). */
export const identityView = z.object({
  id: z.string(),
  ID: z.string(),
  name: z.string(),
  description: z.string(),
  company: z.string(),
});

export type Identity = Readonly<z.output<typeof identityView>>;

/** `POST /authenticate`. */
export const authenticateBody = z.object({ access_token: z.string() });
