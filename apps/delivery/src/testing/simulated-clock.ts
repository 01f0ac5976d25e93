import type { Clock } from '../engine/ports.js';

interface Timer {
  at: number;
  readonly work: () => void;
  off: boolean;
}

/** Time that passes only when a test says so. Promises settle between two moments. */
export class SimulatedClock implements Clock {
  #now: number;
  /** In the order in which they fall due, and among equals in that in which they were set. */
  readonly #timers: Timer[] = [];

  constructor(start = 1_700_000_000_000) {
    this.#now = start;
  }

  now(): number {
    return this.#now;
  }

  /** In whole milliseconds, as clocks go. */
  at(moment: number, work: () => void): () => void {
    const at = Math.ceil(moment);
    const timer = { at, work, off: false };
    this.#timers.splice(this.#indexAfter(at), 0, timer);
    return () => {
      timer.off = true;
    };
  }

  /** Lets `ms` pass, running what falls due in its order. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settle();
    for (;;) {
      const due = this.#timers[0];
      if (due === undefined || due.at > end) break;
      this.#timers.shift();
      if (due.off) continue;
      this.#now = Math.max(this.#now, due.at);
      due.work();
      await settle();
    }
    this.#now = end;
  }

  /** What was to happen in a while still happens in that while, as with Node's timers. */
  setBack(ms: number): void {
    this.#now -= ms;
    for (const timer of this.#timers) timer.at -= ms;
  }

  #indexAfter(at: number): number {
    let low = 0;
    let high = this.#timers.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#timers[middle]?.at ?? Infinity) <= at) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Lets every promise settle that can. */
async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}
