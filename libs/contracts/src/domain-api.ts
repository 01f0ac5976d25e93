import { z } from 'zod';
import type { RecordCheckView } from './dns-api.js';

/** A domain name as people write it; what it must be beyond that, the service says with a code of its own. */
export const domainName = z.string('must be a domain name such as example.com').min(1, 'may not be empty').max(253);

/** `POST /v1/domains`. */
export const createDomain = z.strictObject({ domain: domainName });

/** A domain as `/v1` shows it. Times are ISO 8601 in UTC. */
export interface DomainView {
  /** In ASCII, as it stands in DNS. */
  readonly domain: string;
  /** The same for people to read. */
  readonly unicode: string;
  /** What has to be put into DNS; a CNAME record at the name may lead to it. */
  readonly record: { readonly type: 'TXT'; readonly name: string; readonly value: string };
  /** Handlers at the domain and at all names below it may be called. It stays so when the record vanishes. */
  readonly validated: boolean;
  readonly validatedAt: string | null;
  readonly createdAt: string;
  /** The last look into DNS; null before the first. */
  readonly dns: RecordCheckView | null;
}
