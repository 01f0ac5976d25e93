import { z } from 'zod';
import { accountId, numericId } from './fields.js';
import { dottedType, trigger } from './event.js';
import { CALLERS } from './triggers.js';

/**
 * Snapshots on the compacted topic `config`: the whole state of one thing with its row version, keyed `<kind>/<id>`. A tombstone
 * deletes. Secrets are sealed (libs/signing, `sealed-secret`) with the record's key as context.
 */

/**
 * Body formats: Copernica's form encoding with its http-signature; JSON `{"type","timestamp","data"}`, or a CloudEvent in structured mode,
 * both signed by Standard Webhooks.
 */
export const FORMATS = ['form', 'json', 'cloudevents'] as const;
export type Format = (typeof FORMATS)[number];

/** Signatures of Standard Webhooks: a MAC with a secret that both sides have, or ed25519, which receivers verify with a public key. */
export const SIGNATURES = ['v1', 'v1a'] as const;
export type SignatureVersion = (typeof SIGNATURES)[number];
export const DEFAULT_SIGNATURE: SignatureVersion = 'v1';

/** What a token may do. */
export const SCOPES = [
  'events:write',
  'events:read',
  'webhooks:read',
  'webhooks:write',
  'keys:read',
  'keys:write',
  'domains:read',
  'domains:write',
  'account:read',
  'account:write',
  'databases:read',
  'databases:write',
  'accounts:read',
  'accounts:write',
  'event-types:read',
  'event-types:write',
  'tokens:read',
  'tokens:write',
  'audit:read',
] as const;
export type Scope = (typeof SCOPES)[number];

/** Scopes beyond one account: whoever has them operates the installation. */
export const OPERATOR_SCOPES = ['accounts:read', 'accounts:write'] as const satisfies readonly Scope[];

export const accountSnapshot = z.object({
  kind: z.literal('account'),
  version: z.int(),
  id: accountId,
  name: z.string(),
  /** API tokens; only their SHA-256 (hex) is stored anywhere. */
  tokens: z.array(
    z.object({
      id: z.string(),
      hash: z.string().regex(/^[0-9a-f]{64}$/),
      /** A scope that a newer service knows gives nothing here. */
      scopes: z.array(z.string()).transform((scopes) => SCOPES.filter((scope) => scopes.includes(scope))),
      /** Absent: never. */
      expiresAt: z.iso.datetime().optional(),
    }),
  ),
  /** Value of `X-Copernica-ID`, such as `account_1234` (spec section 6.5). */
  copernicaId: z.string(),
});

/** Most shards of a webhook. */
export const MAX_SHARDS = 32;

export const webhookSnapshot = z.object({
  kind: z.literal('webhook'),
  version: z.int(),
  /** Decimal number as text. */
  id: z.string(),
  account: accountId,
  handler: z.string(),
  trigger,
  /** Absent: every caller. */
  callers: z.array(z.enum(CALLERS)).optional(),
  database: numericId.optional(),
  collection: numericId.optional(),
  /** Only for `update`: at least one of these fields has changed. */
  fields: z.array(z.string()).optional(),
  format: z.enum(FORMATS),
  /** Seconds between attempts; attempts are one more than delays. */
  schedule: z.array(z.int().positive()),
  /** Requests in flight at once. */
  concurrency: z.int().min(1).max(200),
  /** Requests a second; absent: no limit. */
  rate: z.number().positive().optional(),
  /** Requests a minute that the receiver allows (`WebHook-Allowed-Rate`); absent: it does not say. */
  allowedRate: z.int().positive().optional(),
  /** What we call ourselves in its requests (`WebHook-Request-Origin`); only for `cloudevents`. */
  origin: z.string().optional(),
  /** Record keys that its deliveries are spread over, for a webhook that is too busy for one partition; absent: 1. See `shardsOf`. */
  shards: z.int().min(1).max(MAX_SHARDS).optional(),
  state: z.enum(['enabled', 'disabled']),
  /** True: events may leave for this handler (its file was confirmed, it has agreed, its domain is validated, or the operator trusts its host). */
  validated: z.boolean(),
  /** What its newest secret signs; absent: v1. Not for `form`, which has a signature of its own. */
  signature: z.enum(SIGNATURES).optional(),
  /** Sealed `whsec_…` secrets and `whsk_…` private keys, the newest first; not for `form`. */
  secrets: z.array(z.string()),
  /** Until when the secrets after the first sign, in the same order. One without a time signs as long as it is here. */
  secretEnds: z.array(z.iso.datetime()).optional(),
});

export const signingKeySnapshot = z.object({
  kind: z.literal('signing-key'),
  version: z.int(),
  id: z.string(),
  /** Whose requests it signs; absent: those of every account that has no active key of its own. */
  account: accountId.optional(),
  /** Complete DNS name, `<selector>._domainkey.<signing domain>`. */
  keyId: z.string(),
  state: z.enum(['next', 'active', 'retired']),
  /** SPKI in PEM. */
  publicKey: z.string(),
  /** Sealed PKCS #8 in PEM. */
  privateKey: z.string(),
});

/** Checks JWTs, which stand for API tokens. */
export const jwtKeySnapshot = z.object({
  kind: z.literal('jwt-key'),
  version: z.int(),
  id: z.string(),
  /** SPKI in PEM. */
  publicKey: z.string(),
});

/** What an account says of an event type of its own. Its key on `config` is `event-type/<account>/<name>`. */
export const eventTypeSnapshot = z.object({
  kind: z.literal('event-type'),
  version: z.int(),
  account: accountId,
  name: dottedType,
  /** JSON Schema of the events' `data`; null: anything goes. */
  schema: z.record(z.string(), z.unknown()).nullable(),
});

/** Written regularly, so that readers of the compacted topic see it advance. */
export const heartbeatSnapshot = z.object({ kind: z.literal('heartbeat'), version: z.int(), at: z.iso.datetime() });

export const configSnapshot = z.discriminatedUnion('kind', [
  accountSnapshot,
  webhookSnapshot,
  signingKeySnapshot,
  jwtKeySnapshot,
  eventTypeSnapshot,
  heartbeatSnapshot,
]);

export type AccountSnapshot = z.output<typeof accountSnapshot>;
export type WebhookSnapshot = z.output<typeof webhookSnapshot>;
export type SigningKeySnapshot = z.output<typeof signingKeySnapshot>;
export type EventTypeSnapshot = z.output<typeof eventTypeSnapshot>;
export type ConfigSnapshot = z.output<typeof configSnapshot>;

export const HEARTBEAT_KEY = 'heartbeat';

/** Key on `config`: `webhook/12`, `account/1`, `signing-key/3`, `event-type/1/invoice.paid`. It is also the context that seals its secrets. */
export function configKey(kind: Exclude<ConfigSnapshot['kind'], 'heartbeat'>, id: string): string {
  return `${kind}/${id}`;
}

/** One record of `config`, understood: a snapshot, or the deletion of what `key` names. */
export type ConfigChange =
  { readonly key: string; readonly snapshot: ConfigSnapshot } | { readonly key: string; readonly snapshot: null };

/** Parses a record of `config`; throws a `ZodError` or `SyntaxError` when it is not one. */
export function parseConfigRecord(key: string, value: Uint8Array | null): ConfigChange {
  if (value === null) return { key, snapshot: null };
  return { key, snapshot: configSnapshot.parse(JSON.parse(Buffer.from(value).toString('utf8'))) };
}
