import { z } from 'zod';

/** How a DNS record compares with the one expected: what both signing keys and validated domains show. */
export const recordCheckView = z.object({
  checkedAt: z.iso.datetime().describe('When it was looked up, ISO 8601 in UTC.'),
  expected: z.string(),
  actual: z.array(z.string()).readonly().describe('The TXT records that stand at the name.'),
  state: z.enum(['valid', 'missing', 'different']).describe('`different`: there are records, and not the right one.'),
  error: z
    .string()
    .nullable()
    .describe('Why nobody could tell, when the name servers did not answer; null when they did.'),
});

export type RecordCheckView = Readonly<z.output<typeof recordCheckView>>;
export type RecordState = RecordCheckView['state'];
