import { z } from 'zod';
import { domainName } from './domain-api.js';
import { signingKeySnapshot } from './config.js';
import { recordCheckView } from './dns-api.js';

/** `POST /v1/signing-keys`: sign this account's requests under a domain of its own. */
export const createSigningKey = z.strictObject({
  /** A domain that the account has validated, or a name below it. */
  domain: domainName,
});

const time = z.iso.datetime();

/** A signing key as `/v1` shows it. Times are ISO 8601 in UTC. */
export const signingKeyView = z.object({
  keyId: z.string().describe('Complete DNS name of the record.'),
  record: z.string().describe('Value of the TXT record at `keyId`.'),
  state: signingKeySnapshot.shape.state,
  account: z
    .string()
    .nullable()
    .describe('The account whose requests it signs; null: those of every account that has no key of its own.'),
  createdAt: time,
  visibleSince: time
    .nullable()
    .describe('Since when the record has been seen without interruption; null while it is not seen.'),
  usableFrom: time.nullable().describe('Of a `next` key whose record is seen: it signs from then on at the earliest.'),
  activatedAt: time.nullable().describe('When it began to sign.'),
  retiredAt: time.nullable().describe('When it ceased to sign.'),
  publishUntil: time.nullable().describe('Of a `retired` key: until then its record has to stay in DNS.'),
  dns: recordCheckView
    .nullable()
    .describe('The last look into DNS; null when there was none yet, or the operator has turned it off.'),
  warning: z.string().nullable().describe('What has to be done about the key, in a sentence; null when nothing.'),
});

export type SigningKeyView = Readonly<z.output<typeof signingKeyView>>;
