/** How far requests may run ahead of their even spacing: timers are no finer. */
const BURST_MS = 10;

/**
 * Never more than `rate` requests in any second (at least one): evenly spaced, with a burst of up to 10 ms' worth, and spaced so
 * much wider (1 %) that the burst fits into the rate. Generic cell rate algorithm.
 */
export class RateLimiter {
  readonly #spacingMs: number;
  #nextAt = 0;

  constructor(readonly rate: number) {
    this.#spacingMs = (1_000 + BURST_MS) / rate;
  }

  /** The moment (Unix milliseconds) from which the next request may go. */
  get nextAt(): number {
    return this.#nextAt;
  }

  /** Takes an allowance if there is one. */
  take(now: number): boolean {
    if (now < this.#nextAt) return false;
    this.#nextAt = Math.max(now - BURST_MS, this.#nextAt) + this.#spacingMs;
    return true;
  }
}
