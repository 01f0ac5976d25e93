import type { RecordCheck } from '../dns/record-check.js';
import type { RotationPolicy } from './rotation-policy.js';
import { isActive } from './signing-key.js';
import type { Sighting, SigningKey } from './signing-key.js';

/** What has to be done with the keys of the installation, or of an account. */
export type Step<K extends SigningKey> =
  | { readonly does: 'make'; readonly domain: string }
  | { readonly does: 'activate'; readonly key: K; readonly former: ActiveKey<K> | undefined }
  | { readonly does: 'delete'; readonly key: K };

export type ActiveKey<K extends SigningKey = SigningKey> = K & {
  readonly state: 'active';
  readonly activatedAt: Date;
  readonly retiredAt: null;
};

/**
 * The next step, if any; call it again when it was taken. Pure, so that years can be tried out in a moment.
 *
 * - A key becomes active only when its record has been seen for the whole wait, and at the last look.
 * - The active key stays until there is another one: when it is old, when the domain has changed, or when its record is no
 *   longer in DNS. In the last case a retired key that is still seen may come back.
 *
 * @param keys all keys of the installation, or all of one account
 * @param domain where new keys belong; undefined when there is no wish for any
 */
export function nextStep<K extends SigningKey>(
  keys: readonly K[],
  domain: string | undefined,
  now: Date,
  policy: RotationPolicy,
): Step<K> | undefined {
  const active = keys.find(isActive);
  const next = keys.find(({ state }) => state === 'next');
  const outdated = keys.find((key) => isOutdated(key, domain, now, policy));
  if (outdated !== undefined) return { does: 'delete', key: outdated };
  if (domain === undefined) return undefined;
  const successor = successorOf(active, keys, domain, now, policy);
  if (successor !== undefined) return { does: 'activate', key: successor, former: active };
  const wanted = active?.domain !== domain || now.getTime() >= dueAt(active, policy) - policy.leadMs;
  return next === undefined && wanted ? { does: 'make', domain } : undefined;
}

/** Its record need not be in DNS any more, or was never needed there. */
function isOutdated(key: SigningKey, domain: string | undefined, now: Date, { keepMs }: RotationPolicy): boolean {
  if (key.state === 'next') return key.domain !== domain;
  return key.state === 'retired' && now.getTime() >= key.retiredAt.getTime() + keepMs;
}

function successorOf<K extends SigningKey>(
  active: ActiveKey<K> | undefined,
  keys: readonly K[],
  domain: string,
  now: Date,
  policy: RotationPolicy,
): K | undefined {
  const vanished = active !== undefined && hasVanished(active, policy);
  const due = active?.domain !== domain || now.getTime() >= dueAt(active, policy);
  if (!due && !vanished) return undefined;
  const usable = keys.filter((key) => key.domain === domain && isUsable(key, now, policy));
  const next = usable.find(({ state }) => state === 'next');
  return next ?? (vanished ? newest(usable.filter(({ state }) => state === 'retired')) : undefined);
}

function newest<K extends SigningKey>(keys: readonly K[]): K | undefined {
  return keys.toSorted((one, other) => Number(other.id) - Number(one.id))[0];
}

function dueAt(active: ActiveKey, { rotateAfterMs }: RotationPolicy): number {
  return active.activatedAt.getTime() + rotateAfterMs;
}

/** Name servers that do not answer say nothing of a record. */
function hasVanished({ dns }: SigningKey, { dnsCheck }: RotationPolicy): boolean {
  return dnsCheck === 'required' && dns !== null && dns.error === null && dns.state !== 'valid';
}

function isUsable(key: SigningKey, now: Date, policy: RotationPolicy): boolean {
  if (policy.dnsCheck === 'off') return true;
  if (key.dns?.state !== 'valid' || key.seenAt === null) return false;
  const from = usableFrom(key, policy);
  return from !== null && now >= from && now.getTime() - key.seenAt.getTime() <= policy.maxGapMs;
}

/** When a key may sign at the earliest, if its record stays; null while it is not seen. */
export function usableFrom({ visibleSince }: SigningKey, { waitMs }: RotationPolicy): Date | null {
  return visibleSince === null ? null : new Date(visibleSince.getTime() + waitMs);
}

/** What is known of a record after a look. An answer that says no begins the wait anew; no answer does so when it lasts. */
export function sightingAfter(before: Sighting, check: RecordCheck, { maxGapMs }: RotationPolicy): Sighting {
  const { dns, seenAt, visibleSince } = before;
  if (dns !== null && check.at <= dns.at) return { dns, seenAt, visibleSince };
  if (check.error !== null) return { dns: check, seenAt, visibleSince };
  if (check.state !== 'valid') return { dns: check, seenAt: null, visibleSince: null };
  const at = new Date(check.at);
  const unbroken = seenAt !== null && at.getTime() - seenAt.getTime() <= maxGapMs;
  return { dns: check, seenAt: at, visibleSince: unbroken ? visibleSince : at };
}
