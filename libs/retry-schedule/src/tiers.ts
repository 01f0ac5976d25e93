import { WHEEL_TIERS } from '@postduif/contracts';

export type WheelTier = (typeof WHEEL_TIERS)[number];

const SHORTEST = WHEEL_TIERS[0];

/** What is due so much sooner than a tier's delay may sit in that tier: the way there takes time, and each hop costs two records. */
const SLACK_MS = 1_000;

/**
 * The tier of the retry wheel for a record that is due in `remainingMs`: the longest whose delay fits, within a second.
 *
 * A record leaves a tier when it is due, or when the tier's delay is over, and then enters the next one for what remains. It goes back to
 * `deliveries` only when it is due, so it is never early.
 *
 * The latest release of a record, when it entered plus the tier's delay, is in the order of its partition, because the delay is the same
 * for all: while the head of a partition is not released soon, nothing behind it is, or not sooner than that second before.
 */
export function tierFor(remainingMs: number): WheelTier {
  return WHEEL_TIERS.findLast((tier) => tier.delayMs - SLACK_MS <= remainingMs) ?? SHORTEST;
}
