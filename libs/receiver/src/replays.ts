/** Remembers which requests have come. For several processes that share an address, give one that they share. */
export interface ReplayStore {
  /**
   * Remembers a request. False when it was known already. Must be atomic: of two at the same time only one is true.
   * @param id 43 characters, different for every request
   * @param until when it may be forgotten: from then on the request is too old to be accepted
   */
  remember(id: string, until: Date): boolean | Promise<boolean>;
}

/** In the memory of one process, bounded: the oldest makes place. Only requests whose signature is right get here. */
export class MemoryReplayStore implements ReplayStore {
  readonly #until = new Map<string, number>();

  /** @param maxRequests how many are remembered, at some 100 bytes each; default 100,000 */
  constructor(
    private readonly now: () => Date = () => new Date(),
    private readonly maxRequests = 100_000,
  ) {}

  remember(id: string, until: Date): boolean {
    if (this.#until.has(id)) return false;
    this.#until.set(id, until.getTime());
    this.#forget();
    return true;
  }

  /** They come about in the order of their ends, so what is over stands in front. */
  #forget(): void {
    const now = this.now().getTime();
    for (const [id, until] of this.#until) {
      if (until >= now && this.#until.size <= this.maxRequests) break;
      this.#until.delete(id);
    }
  }
}
