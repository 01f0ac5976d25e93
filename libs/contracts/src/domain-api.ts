import { z } from 'zod';
import { recordCheckView } from './dns-api.js';

/** A domain name as people write it; what it must be beyond that, the service says with a code of its own. */
export const domainName = z
  .string('must be a domain name such as example.com')
  .min(1, 'may not be empty')
  .max(253)
  .meta({ format: 'idn-hostname' });

/** `POST /v1/domains`. */
export const createDomain = z.strictObject({ domain: domainName });

/** A domain as `/v1` shows it. Times are ISO 8601 in UTC. */
export const domainView = z.object({
  domain: z.string().describe('In ASCII, as it stands in DNS.'),
  unicode: z.string().describe('The same for people to read.'),
  record: z
    .object({ type: z.literal('TXT'), name: z.string(), value: z.string() })
    .readonly()
    .describe('What has to be put into DNS; a CNAME record at the name may lead to it.'),
  validated: z
    .boolean()
    .describe('Handlers at the domain and at all names below it may be called. It stays so when the record vanishes.'),
  validatedAt: z.iso.datetime().nullable(),
  createdAt: z.iso.datetime(),
  dns: recordCheckView.nullable().describe('The last look into DNS; null before the first.'),
});

export type DomainView = Readonly<z.output<typeof domainView>>;
