import { ApiError } from '@postduif/contracts';

interface Bucket {
  /** Events that may still come; below zero after a batch that was larger than what was left. */
  room: number;
  /** Unix milliseconds. */
  at: number;
}

/**
 * How many events an account may send to this process: a token bucket that holds one second's worth. A batch is taken whole or not at
 * all; one that is larger than what is left is taken and paid for afterwards, so that a limit below the size of a batch is no dead end.
 */
export class RateLimit {
  readonly #buckets = new Map<string, Bucket>();

  /** @param perSecond undefined: no limit */
  constructor(
    private readonly perSecond: number | undefined,
    private readonly now: () => number = Date.now,
  ) {}

  /** Throws `rate_limited` while the account has no room. */
  require(account: string): void {
    if (this.perSecond === undefined) return;
    const { room } = this.#bucket(account, this.perSecond);
    if (room <= 0)
      throw new ApiError('rate_limited', undefined, {
        // Room has to be above zero again.
        retryAfterSeconds: Math.floor(-room / this.perSecond) + 1,
      });
  }

  spend(account: string, events: number): void {
    if (this.perSecond !== undefined) this.#bucket(account, this.perSecond).room -= events;
  }

  /** Filled up to now. There is one for each account that has ever sent: few enough to keep. */
  #bucket(account: string, perSecond: number): Bucket {
    const now = this.now();
    let bucket = this.#buckets.get(account);
    if (bucket === undefined) this.#buckets.set(account, (bucket = { room: perSecond, at: now }));
    bucket.room = Math.min(perSecond, bucket.room + (perSecond * Math.max(0, now - bucket.at)) / 1_000);
    bucket.at = now;
    return bucket;
  }
}
