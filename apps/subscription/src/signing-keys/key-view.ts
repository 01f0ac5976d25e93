import { createPublicKey } from 'node:crypto';
import type { SigningKeyView } from '@postduif/contracts';
import { dnsRecord } from '@postduif/signing';
import { toRecordCheckView } from '../dns/record-check.js';
import type { ExpectedRecord } from '../dns/record-check.js';
import type { RotationPolicy } from './rotation-policy.js';
import { usableFrom } from './rotation.js';
import type { SigningKey } from './signing-key.js';
import type { StoredKey } from './signing-key-rows.js';

/** The record of a key. Alone, because the vendor's verifier fails on any other before it (spec section 6.3). */
export function expectedRecord({ keyId, publicKey }: StoredKey): ExpectedRecord {
  return { name: keyId, value: dnsRecord(createPublicKey(publicKey)), alone: true };
}

export function toSigningKeyView(key: StoredKey, policy: RotationPolicy): SigningKeyView {
  const record = expectedRecord(key).value;
  const { keyId, state, account, dns } = key;
  return {
    ...{ keyId, record, state, account },
    createdAt: key.createdAt.toISOString(),
    visibleSince: isoOrNull(key.visibleSince),
    usableFrom: state === 'next' ? isoOrNull(usableFrom(key, policy)) : null,
    activatedAt: isoOrNull(key.activatedAt),
    retiredAt: isoOrNull(key.retiredAt),
    publishUntil: state === 'retired' ? isoOrNull(new Date(key.retiredAt.getTime() + policy.keepMs)) : null,
    dns: dns && policy.dnsCheck === 'required' ? toRecordCheckView(dns, record) : null,
    warning: warningOf(key, policy),
  };
}

/** What has to be done about a key whose record was not found as it should be. */
export function warningOf({ state, dns }: SigningKey, { dnsCheck, waitMs }: RotationPolicy): string | null {
  if (dnsCheck === 'off' || dns === null || dns.state === 'valid') return null;
  if (dns.error !== null)
    return `${dns.error} Whether the record is in DNS is not known. Check the setting DNS_SERVERS.`;
  const found =
    dns.state === 'missing' ? 'The record is not in DNS.' : 'In DNS there is something else than exactly this record.';
  return `${found} ${WHAT_TO_DO[state](waitMs / 3_600_000)}`;
}

const WHAT_TO_DO: Readonly<Record<SigningKey['state'], (waitHours: number) => string>> = {
  next: (hours) =>
    `Put it there: the key is used when it has been seen${hours === 0 ? '' : ` for ${hours} hours`}; the key before, if any, until then.`,
  active: () => 'Put it there: receivers cannot verify the signatures that are made with this key.',
  retired: () => 'Put it back: receivers may still ask for it.',
};

function isoOrNull(time: Date | null): string | null {
  return time?.toISOString() ?? null;
}
