import { ApiError } from '@postduif/contracts';

const MINUTE_MS = 60_000;

/** How many tests an account may send in any minute, from this instance: each is a request that it makes us send. */
export class TestLimit {
  /** Moments of the tests of the last minute, the oldest first. */
  readonly #sent = new Map<string, number[]>();

  constructor(
    private readonly perMinute: number,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Counts so many tests, at most those of a minute. Throws `test_rate_limited`, and counts none, while there is no room for all. */
  take(account: string, tests = 1): void {
    const now = this.now();
    this.#forget(now);
    const sent = this.#sent.get(account) ?? [];
    const tooMany = sent.length + Math.min(tests, this.perMinute) - this.perMinute;
    if (tooMany > 0) {
      const roomAt = (sent[tooMany - 1] ?? now) + MINUTE_MS;
      throw new ApiError('test_rate_limited', undefined, { retryAfterSeconds: Math.ceil((roomAt - now) / 1_000) });
    }
    if (tests > 0) this.#sent.set(account, [...sent, ...Array<number>(tests).fill(now)]);
  }

  #forget(now: number): void {
    for (const [account, moments] of this.#sent) {
      const recent = moments.filter((moment) => moment > now - MINUTE_MS);
      if (recent.length === 0) this.#sent.delete(account);
      else this.#sent.set(account, recent);
    }
  }
}
