/** Bounds of a breaker. All times in milliseconds. */
export interface BreakerOptions {
  /** Failures in a row that open it. */
  readonly threshold: number;
  /** Pause before the first probe. */
  readonly firstPauseMs: number;
  /** Pauses double up to this. */
  readonly longestPauseMs: number;
}

/** One request in 30 s is no burden for a receiver that is down, and a receiver that is back is found soon. */
export const DEFAULT_BREAKER: BreakerOptions = { threshold: 10, firstPauseMs: 1_000, longestPauseMs: 30_000 };

export const BREAKER_STATES = ['closed', 'open', 'probing'] as const;
export type BreakerState = (typeof BREAKER_STATES)[number];

interface Open {
  readonly name: 'open';
  readonly probeAt: number;
  readonly pauseMs: number;
}

type State =
  | { readonly name: 'closed'; readonly failures: number }
  | Open
  | { readonly name: 'probing'; readonly pauseMs: number };

/** What a request that asked gets. The probe says so when it reports how it ended. */
export type BreakerAdmission =
  { readonly admitted: true; readonly probe: boolean } | { readonly admitted: false; readonly until: number };

const ORDINARY: BreakerAdmission = { admitted: true, probe: false };
const PROBE: BreakerAdmission = { admitted: true, probe: true };

/**
 * Keeps requests from a receiver that fails. Closed: all may go. After `threshold` failures in a row it opens: none may go until
 * the pause is over; then one probe goes at a time. A success closes it, a failed probe opens it for twice as long.
 */
export class CircuitBreaker {
  #state: State = { name: 'closed', failures: 0 };

  constructor(private readonly options: BreakerOptions = DEFAULT_BREAKER) {}

  get state(): BreakerState {
    return this.#state.name;
  }

  /** Asks for one request. Once admitted, it must report how it ended. `until` is in Unix milliseconds. */
  admit(now: number): BreakerAdmission {
    const state = this.#state;
    if (state.name === 'closed') return ORDINARY;
    if (state.name === 'probing' || now < this.#probeAt(state, now))
      return { admitted: false, until: this.admitsFrom(now) };
    this.#state = { name: 'probing', pauseMs: state.pauseMs };
    return PROBE;
  }

  /** From when on a request may be admitted, as far as is known; in the past while it is closed. Unix milliseconds. */
  admitsFrom(now: number): number {
    const state = this.#state;
    if (state.name === 'closed') return -Infinity;
    return state.name === 'open' ? this.#probeAt(state, now) : now + state.pauseMs;
  }

  succeeded(): void {
    this.#state = { name: 'closed', failures: 0 };
  }

  failed(now: number, probe: boolean): void {
    const state = this.#state;
    if (state.name === 'closed') {
      const failures = state.failures + 1;
      if (failures >= this.options.threshold) this.#open(now, this.options.firstPauseMs);
      else this.#state = { name: 'closed', failures };
    } else if (probe && state.name === 'probing') {
      this.#open(now, Math.min(state.pauseMs * 2, this.options.longestPauseMs));
    }
    // Any other was under way when the breaker opened, and says nothing new.
  }

  /** A probe that was admitted is not sent after all: the next one may go. */
  withdraw(now: number): void {
    if (this.#state.name === 'probing') this.#state = { name: 'open', probeAt: now, pauseMs: this.#state.pauseMs };
  }

  /** A clock that was set back makes no pause longer. */
  #probeAt(state: Open, now: number): number {
    const probeAt = Math.min(state.probeAt, now + state.pauseMs);
    this.#state = { ...state, probeAt };
    return probeAt;
  }

  #open(now: number, pauseMs: number): void {
    this.#state = { name: 'open', probeAt: now + pauseMs, pauseMs };
  }
}
