export const DAY_MS = 86_400_000;
/** Clocks of services may differ by this much without a time being taken for wrong. */
const CLOCK_DIFFERENCE_MS = 3_600_000;

/** Number of a day (UTC) since 1970. */
export function dayOf(time: number): number {
  return Math.floor(time / DAY_MS);
}

/** The days that are kept: today and the `days` before it. */
export class RetentionWindow {
  constructor(
    private readonly days: number,
    private readonly now: () => number = Date.now,
  ) {}

  get today(): number {
    return dayOf(this.now());
  }

  get oldestDay(): number {
    return this.today - this.days;
  }

  /**
   * The time under which a row is stored. Times that cannot be right get the nearest that can: before the oldest day that is kept,
   * its beginning; in the future, now. So there is a partition for every row.
   */
  place(time: number): number {
    const now = this.now();
    if (!(time <= now + CLOCK_DIFFERENCE_MS)) return now;
    return Math.max(time, this.oldestDay * DAY_MS);
  }
}
