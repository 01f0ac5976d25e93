import { randomBytes } from 'node:crypto';
import { domainToUnicode } from 'node:url';
import type { DomainView } from '@postduif/contracts';
import { toRecordCheckView } from '../dns/record-check.js';
import type { ExpectedRecord } from '../dns/record-check.js';
import type { Domain } from './domain-rows.js';

const BRAND = 'postduif';

/** 128 bits: nobody can put a record into DNS before he was told. */
export function newToken(): string {
  return randomBytes(16).toString('hex');
}

/** The record that shows whose a domain is (spec section 7.2). Others may stand beside it: those of other accounts do. */
export function expectedRecord({ domain, token }: Pick<Domain, 'domain' | 'token'>): ExpectedRecord {
  return { name: `_${BRAND}-challenge.${domain}`, value: `${BRAND}-domain-verification=${token}`, alone: false };
}

export function toDomainView(row: Domain): DomainView {
  const { name, value } = expectedRecord(row);
  return {
    domain: row.domain,
    unicode: domainToUnicode(row.domain),
    record: { type: 'TXT', name, value },
    validated: row.validatedAt !== null,
    validatedAt: row.validatedAt?.toISOString() ?? null,
    createdAt: row.createdAt.toISOString(),
    dns: row.dns && toRecordCheckView(row.dns, value),
  };
}
