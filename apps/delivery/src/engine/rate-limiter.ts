/** How far requests may run ahead of their even spacing: timers are no finer. */
const BURST_MS = 10;

/**
 * Never more than `rate` requests in any second (at least one): evenly spaced, with a burst of up to 10 ms' worth, and spaced so
 * much wider (1 %) that the burst fits into the rate. Generic cell rate algorithm.
 */
export class RateLimiter {
  #spacingMs: number;
  #nextAt = 0;

  /** @param rate requests a second */
  constructor(private rate: number) {
    this.#spacingMs = spacing(rate);
  }

  /** The moment (Unix milliseconds) from which the next request may go: soon, also when the clock was set back meanwhile. */
  nextAt(now: number): number {
    return (this.#nextAt = Math.min(this.#nextAt, now + this.#spacingMs));
  }

  /** Half of the burst at least is left: it is not the rate that keeps requests. */
  hasSpare(now: number): boolean {
    return this.nextAt(now) <= now - BURST_MS / 2;
  }

  get perSecond(): number {
    return this.rate;
  }

  /** Takes an allowance if there is one. */
  take(now: number): boolean {
    if (now < this.nextAt(now)) return false;
    this.#nextAt = Math.max(now - BURST_MS, this.#nextAt) + this.#spacingMs;
    return true;
  }

  /** Goes on with another rate. What went before still counts, but the next request waits no longer than the new rate says. */
  change(rate: number, now: number): void {
    if (rate === this.rate) return;
    this.rate = rate;
    this.#spacingMs = spacing(rate);
    this.nextAt(now);
  }
}

function spacing(rate: number): number {
  return (1_000 + BURST_MS) / rate;
}
