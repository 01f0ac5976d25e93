import { accountId } from '@postduif/contracts';
import { AllowListError, parseAllowList } from '@postduif/outbound';
import { parseEncryptionKeys, SigningError } from '@postduif/signing';
import { integer } from '@postduif/service';
import { z } from 'zod';
import { grpcSettings } from './grpc/grpc-settings.js';
import { signingSettings } from './signing-keys/signing-settings.js';

const address = (what: string) =>
  z
    .string(`set it to the address of ${what}, such as http://${what}:8080`)
    .regex(/^https?:\/\/[^\s/?#]+\/?$/, 'must be http://host:port without a path')
    .transform((text) => text.replace(/\/$/, ''));

const TOKEN = 'must be at least 8 letters, digits or `-._~+/` (RFC 6750)';

/** Settings of subscription, beside the common ones. */
export const subscriptionSettings = {
  ...grpcSettings,
  ...signingSettings,
  /** PostgreSQL, `postgres://user:password@host:port/database`. The schema `config` is made in it. */
  DATABASE_URL: z
    .string('set it to postgres://user:password@host:port/database')
    .regex(/^postgres(ql)?:\/\//, 'must be postgres://user:password@host:port/database'),
  /** Seals secrets: base64 of 32 random bytes. Several, comma separated: the first seals, all open. */
  ENCRYPTION_KEY: z
    .string('set it to base64 of 32 random bytes, the same as for delivery')
    .transform((text, context) => parsed(text, context, parseEncryptionKeys, SigningError)),
  /** Address of this service as its users write it. Default: what they wrote in the request. */
  PUBLIC_URL: z
    .string()
    .regex(/^https?:\/\/[^\s?#]+$/, 'must be an http or https address')
    .transform((text) => text.replace(/\/+$/, ''))
    .optional(),
  /**
   * What we call ourselves to receivers of CloudEvents (`WebHook-Request-Origin`): a name in DNS that stands for the whole installation. Those
   * who have agreed keep the name that they agreed to. Default: the host of PUBLIC_URL, else SIGNING_DOMAIN.
   */
  WEBHOOK_ORIGIN: z
    .string()
    .toLowerCase()
    .regex(
      /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/,
      'must be a host name such as webhooks.example.com',
    )
    .optional(),
  /**
   * Port on HOST that has `/metrics` and all that `/live` and `/ready` say; not to be reached from outside. 0: any that is free. Default:
   * nowhere; PORT, which is public, says only whether the service is well.
   */
  MANAGEMENT_PORT: integer(0, 65_535).optional(),
  /** Requests that a token, or an address without one, may send to this instance in each second, 1 to 1,000,000. */
  API_RATE_LIMIT: integer(1, 1_000_000).default(1_000),
  /** Requests that it may send beyond that, within a minute, 1 to 1,000,000. */
  API_RATE_BURST: integer(1, 1_000_000).default(5_000),
  /** Days that the record of changes (`GET /v1/audit`) goes back, 1 to 36,500. */
  AUDIT_RETENTION_DAYS: integer(1, 36_500).default(365),
  INGEST_URL: address('event-ingest'),
  HISTORY_URL: address('history'),
  /** The first account and a token of it that may do everything; made when they are missing. Both or none. */
  BOOTSTRAP_ACCOUNT: accountId.optional(),
  BOOTSTRAP_TOKEN: z
    .string()
    .regex(/^[A-Za-z0-9._~+/-]{8,}=*$/, TOKEN)
    .optional(),
  /** `true`: `/v4` also takes `?access_token=`, as older versions do and as Copernica's own class sends it. Such tokens may end up in logs of proxies. */
  V4_QUERY_TOKEN: z
    .enum(['true', 'false'], 'must be true or false')
    .default('false')
    .transform((text) => text === 'true'),
  /** Host names, comma separated, whose handlers need no verification file; `*.example.com` is every name below. */
  TRUSTED_HANDLER_HOSTS: z
    .string()
    .default('')
    .transform((text) =>
      text
        .split(',')
        .map((host) => host.trim().toLowerCase())
        .filter((host) => host !== ''),
    ),
  /** Deadline of a connection to a handler, in milliseconds: look-up, TCP and TLS. The same as delivery's. */
  CONNECT_TIMEOUT_MS: integer(100, 60_000).default(10_000),
  /** Deadline of a whole test, in milliseconds. The same as delivery's. */
  REQUEST_TIMEOUT_MS: integer(100, 120_000).default(30_000),
  /** Tests that an account may send in any minute, from each instance. */
  TESTS_PER_MINUTE: integer(1, 10_000).default(60),
  /** Addresses and ranges that requests may go to although they are not public: verification files, handshakes, tests. The same as delivery's. */
  OUTBOUND_ALLOW: z
    .string()
    .default('')
    .transform((text, context) => parsed(text, context, parseAllowList, AllowListError)),
};

/** The first account and its token. */
export interface Bootstrap {
  readonly account: string;
  readonly name: string;
  readonly token: string;
}

function parsed<T>(
  text: string,
  context: z.RefinementCtx,
  parse: (text: string) => T,
  expected: abstract new (...args: never[]) => Error,
): T {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof expected)) throw error;
    context.addIssue({ code: 'custom', message: error.message });
    return z.NEVER;
  }
}
