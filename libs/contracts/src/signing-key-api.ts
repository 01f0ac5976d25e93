import { z } from 'zod';
import { domainName } from './domain-api.js';
import type { SigningKeySnapshot } from './config.js';
import type { RecordCheckView } from './dns-api.js';

/** `POST /v1/signing-keys`: sign this account's requests under a domain of its own. */
export const createSigningKey = z.strictObject({
  /** A domain that the account has validated, or a name below it. */
  domain: domainName,
});

/** A signing key as `/v1` shows it. Times are ISO 8601 in UTC. */
export interface SigningKeyView {
  /** Complete DNS name of the record. */
  readonly keyId: string;
  /** Value of the TXT record at `keyId`. */
  readonly record: string;
  readonly state: SigningKeySnapshot['state'];
  /** The account whose requests it signs; null: those of every account that has no key of its own. */
  readonly account: string | null;
  readonly createdAt: string;
  /** Since when the record has been seen without interruption; null while it is not seen. */
  readonly visibleSince: string | null;
  /** Of a `next` key whose record is seen: it signs from then on at the earliest. */
  readonly usableFrom: string | null;
  /** When it began to sign. */
  readonly activatedAt: string | null;
  /** When it ceased to sign. */
  readonly retiredAt: string | null;
  /** Of a `retired` key: until then its record has to stay in DNS. */
  readonly publishUntil: string | null;
  /** The last look into DNS; null when there was none yet, or the operator has turned it off. */
  readonly dns: RecordCheckView | null;
  /** What has to be done about the key, in a sentence; null when nothing. */
  readonly warning: string | null;
}
