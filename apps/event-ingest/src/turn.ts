/** The present turn of the event loop: who has much to do leaves the rest to a later one, and others have theirs in between. */
export class Turn {
  #beganAt: number | undefined;

  constructor(private readonly longestMs: number) {}

  /** Asked before each piece of work; the first of a turn may always be done. */
  isOver(): boolean {
    const now = performance.now();
    if (this.#beganAt === undefined) {
      this.#beganAt = now;
      setImmediate(() => {
        this.#beganAt = undefined;
      });
    }
    return now - this.#beganAt >= this.longestMs;
  }
}
