/** Bounds of a breaker. All times in milliseconds. */
export interface BreakerOptions {
  /** Failures in a row that open it. */
  readonly threshold: number;
  /** Pause before the first probe. */
  readonly firstPauseMs: number;
  /** Pauses double up to this. */
  readonly longestPauseMs: number;
}

export const DEFAULT_BREAKER: BreakerOptions = { threshold: 10, firstPauseMs: 1_000, longestPauseMs: 60_000 };

type State =
  | { readonly name: 'closed'; readonly failures: number }
  | { readonly name: 'open'; readonly probeAt: number; readonly pauseMs: number }
  | { readonly name: 'probing'; readonly pauseMs: number };

/**
 * Keeps requests from a receiver that fails. Closed: all may go. After `threshold` failures in a row it opens: none may go until
 * the pause is over; then one probe goes at a time. A success closes it, a failed probe opens it for twice as long.
 */
export class CircuitBreaker {
  #state: State = { name: 'closed', failures: 0 };

  constructor(private readonly options: BreakerOptions = DEFAULT_BREAKER) {}

  get state(): State['name'] {
    return this.#state.name;
  }

  /** Asks for one request. `true`: send it and report how it ended. A number: not before this moment (Unix milliseconds). */
  admit(now: number): true | number {
    if (this.#state.name === 'closed') return true;
    if (this.#state.name === 'probing') return now + this.#state.pauseMs;
    if (now < this.#state.probeAt) return this.#state.probeAt;
    this.#state = { name: 'probing', pauseMs: this.#state.pauseMs };
    return true;
  }

  succeeded(): void {
    this.#state = { name: 'closed', failures: 0 };
  }

  failed(now: number): void {
    const state = this.#state;
    // A request that was under way when the breaker opened says nothing new.
    if (state.name === 'open') return;
    if (state.name === 'probing') {
      this.#open(now, Math.min(state.pauseMs * 2, this.options.longestPauseMs));
      return;
    }
    const failures = state.failures + 1;
    if (failures >= this.options.threshold) this.#open(now, this.options.firstPauseMs);
    else this.#state = { name: 'closed', failures };
  }

  #open(now: number, pauseMs: number): void {
    this.#state = { name: 'open', probeAt: now + pauseMs, pauseMs };
  }
}
