import { WHEEL_TIERS } from '@postduif/contracts';

export type WheelTier = (typeof WHEEL_TIERS)[number];

const SHORTEST = WHEEL_TIERS[0];

/**
 * The tier of the retry wheel for a record that is due in `remainingMs`: the longest whose delay fits, the shortest when none does.
 *
 * A record leaves a tier at most the tier's delay after it entered, and enters the next one for what remains. In every tier but the
 * shortest its delay is no longer than the rest, so it never leaves late, and the last hop, through the shortest tier, ends when it
 * is due. It goes back to `deliveries` only then, so it is never early.
 *
 * The latest release of a record, when it entered plus the tier's delay, is in the order of its partition, because the delay is the same
 * for all: while the head of a partition is not released soon, nothing behind it is. A rest that is shorter than the shortest tier is
 * released when it is due, before that.
 */
export function tierFor(remainingMs: number): WheelTier {
  return WHEEL_TIERS.findLast((tier) => tier.delayMs <= remainingMs) ?? SHORTEST;
}
