import { performance } from 'node:perf_hooks';

const INTERVAL_MS = 20;
/** Of what was measured, this much is left an interval later: half a second is remembered. */
const DECAY = 0.9;
/** A request is sent, answered and seen to be answered in three turns of the event loop. */
const TURNS = 3;
/** The event loop hardly ever waits. */
const SATURATED = 0.9;
/** What a request may be longer for on a saturated event loop, though no turn is long. */
const SATURATED_MS = 50;

/**
 * How much longer requests seem to take than receivers need, in milliseconds, because this process is busy or others have the
 * processor. Without it a receiver would look slow, and its deliveries be diverted, which is more work, when there is too much of it.
 */
export class OwnDelay {
  #lagMs = 0;
  #tickedAt = performance.now();
  #utilization = performance.eventLoopUtilization();
  #saturation = 0;

  constructor() {
    setInterval(() => {
      this.#tick();
    }, INTERVAL_MS).unref();
  }

  /** The present turn of the event loop counts, too. */
  get ms(): number {
    const lagMs = TURNS * Math.max(this.#lagMs, this.#overdueMs());
    return this.#saturation > SATURATED ? Math.max(lagMs, SATURATED_MS) : lagMs;
  }

  #tick(): void {
    this.#lagMs = Math.max(this.#lagMs * DECAY, this.#overdueMs());
    this.#tickedAt = performance.now();
    const utilization = performance.eventLoopUtilization();
    const { utilization: present } = performance.eventLoopUtilization(utilization, this.#utilization);
    this.#utilization = utilization;
    this.#saturation = DECAY * this.#saturation + (1 - DECAY) * present;
  }

  #overdueMs(): number {
    return Math.max(0, performance.now() - this.#tickedAt - INTERVAL_MS);
  }
}
