import { z } from 'zod';
import { cursorParameters, instant, searchText } from './history-api.js';

/** Kinds of things whose changes are recorded. */
export const AUDITED = [
  'account',
  'token',
  'webhook',
  'domain',
  'signing-key',
  'event-type',
  'database',
  'collection',
  'field',
  'interest',
] as const;
export type Audited = (typeof AUDITED)[number];

/** `GET /v1/audit`. */
export const auditQuery = z.strictObject({
  entity: z
    .enum(AUDITED, `must be one of ${AUDITED.join(', ')}`)
    .optional()
    .describe('What was changed.'),
  id: searchText.optional().describe('Id of what was changed; of a domain its name.'),
  actor: searchText.optional().describe('Id of the token that made the change, or `system`.'),
  since: instant.optional().describe('Only changes at this moment or later.'),
  until: instant.optional().describe('Only changes before this moment.'),
  ...cursorParameters,
});

export type AuditQuery = z.output<typeof auditQuery>;

const state = z.record(z.string(), z.unknown()).nullable();

/** One change of the configuration. Secrets and hashes of tokens are never in it. */
export const auditEntry = z.object({
  id: z.string(),
  at: z.iso.datetime(),
  entity: z.enum(AUDITED),
  entityId: z.string(),
  action: z
    .enum(['created', 'changed', 'deleted', 'secret_rotated'])
    .describe('`secret_rotated`: a webhook was given another secret or key pair.'),
  actor: z.object({
    channel: z
      .enum(['rest', 'grpc', 'system'])
      .describe('`system`: Postduif itself, such as when a receiver was gone.'),
    token: z.string().nullable().describe('Id of the token that was used, or that a JWT stood for.'),
    credential: z.enum(['token', 'jwt']).nullable(),
  }),
  request: z.string().nullable().describe('`x-request-id` of the answer; the log has it, too.'),
  before: state.describe('Null when it was created.'),
  after: state.describe(
    'Null when it was deleted. `previousSecretsUntil` of a webhook: when each secret before the present one ends.',
  ),
});

export type AuditEntry = z.output<typeof auditEntry>;
