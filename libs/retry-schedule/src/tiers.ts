import { WHEEL_TIERS } from '@postduif/contracts';

export type WheelTier = (typeof WHEEL_TIERS)[number];

const SHORTEST = WHEEL_TIERS[0];

/**
 * The tier of the retry wheel for a record that is due in `remainingMs`: the longest whose delay fits, the shortest when none does.
 *
 * A record leaves a tier at most the tier's delay after it entered, and enters the next one for what remains. In every tier but the
 * shortest its delay is no longer than the rest, so it never leaves late, and the last hop, through the shortest tier, ends at
 * most one second after it is due. It goes back to `deliveries` only when it is due, so it is never early.
 *
 * It is enough to watch the head of each partition. The latest release, when a record entered plus the tier's delay, is in the order of
 * the partition because the delay is the same for all. A rest that is shorter than the shortest tier may be released when it is due,
 * before that; behind a head that waits longer it waits too, but the head is gone by its own latest release, which comes first.
 */
export function tierFor(remainingMs: number): WheelTier {
  return WHEEL_TIERS.findLast((tier) => tier.delayMs <= remainingMs) ?? SHORTEST;
}
