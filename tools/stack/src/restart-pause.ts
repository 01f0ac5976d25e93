const FIRST_MS = 100;
const LONGEST_MS = 10_000;
const STEADY_MS = 30_000;

/** How long to wait before a program that has died is started again: 0.1 s, doubled up to 10 s while it keeps dying. */
export class RestartPause {
  #next: number;

  constructor(
    private readonly firstMs = FIRST_MS,
    private readonly longestMs = LONGEST_MS,
  ) {
    this.#next = firstMs;
  }

  /** `livedMs` is how long the program has run; after half a minute it counts as steady and the pause as the first. */
  after(livedMs: number): number {
    if (livedMs >= STEADY_MS) this.#next = this.firstMs;
    const pause = this.#next;
    this.#next = Math.min(this.longestMs, pause * 2);
    return pause;
  }
}
