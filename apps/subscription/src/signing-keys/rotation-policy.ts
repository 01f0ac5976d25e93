const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** When keys change, in milliseconds. */
export interface RotationPolicy {
  /** `off`: keys are used whatever DNS says, at once. */
  readonly dnsCheck: 'required' | 'off';
  /** After signing for so long a key gives way to the next. */
  readonly rotateAfterMs: number;
  /** For so long the record of a key must have been seen before its first use. */
  readonly waitMs: number;
  /** The next key is made so long before it is wanted, for people to put its record into DNS in time. */
  readonly leadMs: number;
  /** For so long a key is kept and shown after its last use. */
  readonly keepMs: number;
  readonly checkEveryMs: number;
  /** A record that nobody has looked for, or that nobody could tell of, for longer than this counts as interrupted. */
  readonly maxGapMs: number;
}

export interface RotationSettings {
  readonly dnsCheck: 'required' | 'off';
  readonly rotationDays: number;
  readonly waitHours: number;
}

/** Spec section 6.4: a new key each month, its record shown 48 hours before the first use and 7 days after the last. */
export function rotationPolicy({ dnsCheck, rotationDays, waitHours }: RotationSettings): RotationPolicy {
  return {
    dnsCheck,
    rotateAfterMs: rotationDays * DAY_MS,
    waitMs: waitHours * HOUR_MS,
    leadMs: waitHours * HOUR_MS + 5 * DAY_MS,
    // An hour more, for a delivery process that hears late of a change.
    keepMs: 7 * DAY_MS + HOUR_MS,
    checkEveryMs: 5 * MINUTE_MS,
    maxGapMs: HOUR_MS,
  };
}
