import type { Sent } from '../load/sent.js';
import type { Arrivals } from '../receiver/arrivals.js';

/** Which receivers get the events of a load: its events take the routes in turn. */
export type Routes = readonly (readonly number[])[];

/** Some of the deliveries: to which receivers, and of events that were to be sent in `from <= moment < to` on the shared clock. */
export interface Selection {
  readonly receives?: (receiver: number) => boolean;
  readonly from?: number;
  readonly to?: number;
}

/** A delivery that has arrived. */
export interface Delivered {
  readonly receiver: number;
  /** When its event was to be sent. */
  readonly intended: number;
  readonly at: number;
}

/** What of a load has arrived where, and when for the first time. */
export class Deliveries {
  readonly #receivers: number;
  readonly #firstAt: Float64Array;
  /** By receiver: what is still to come. */
  readonly #missing: number[];
  #repeats = 0;
  #firstArrival = NaN;
  #lastArrival = NaN;

  constructor(
    private readonly routes: Routes,
    private readonly first: number,
    private readonly count: number,
  ) {
    this.#receivers = Math.max(...routes.flat()) + 1;
    this.#firstAt = new Float64Array(count * this.#receivers).fill(NaN);
    this.#missing = Array<number>(this.#receivers).fill(0);
    for (let index = 0; index < count; index += 1)
      for (const receiver of this.#route(index)) this.#missing[receiver] = (this.#missing[receiver] ?? 0) + 1;
  }

  /** Takes requests in the order in which they came; those of other loads and those not taken by their receiver do not count. */
  add({ receiver, event, at, taken }: Arrivals): void {
    for (let index = 0; index < at.length; index += 1)
      if (taken[index] === 1) this.#arrived(receiver[index] ?? 0, (event[index] ?? 0) - this.first, at[index] ?? NaN);
  }

  /** Deliveries that have not arrived. */
  missing(receives: (receiver: number) => boolean = () => true): number {
    return this.#missing.reduce((sum, missing, receiver) => (receives(receiver) ? sum + missing : sum), 0);
  }

  /** Deliveries beyond the first of the same event to the same receiver. */
  get repeats(): number {
    return this.#repeats;
  }

  /** When the first event arrived. */
  get firstArrival(): number {
    return this.#firstArrival;
  }

  /** When the last event arrived for the first time. */
  get lastArrival(): number {
    return this.#lastArrival;
  }

  /** From the intended moment of each event to its first arrival, in milliseconds. */
  latencies(sent: Sent, selection: Selection = {}): Float64Array {
    return Float64Array.from(this.delivered(sent, selection), ({ intended, at }) => at - intended);
  }

  /** First arrivals, in the order of the events. */
  delivered(sent: Sent, { receives = () => true, from = -Infinity, to = Infinity }: Selection = {}): Delivered[] {
    const found: Delivered[] = [];
    for (let index = 0; index < this.count; index += 1) {
      const intended = sent.intended[index] ?? NaN;
      if (!(intended >= from && intended < to)) continue;
      for (const receiver of this.#route(index)) {
        const at = this.#firstAt[index * this.#receivers + receiver] ?? NaN;
        if (receives(receiver) && !Number.isNaN(at)) found.push({ receiver, intended, at });
      }
    }
    return found;
  }

  #arrived(receiver: number, index: number, at: number): void {
    if (!(index >= 0 && index < this.count)) return;
    const cell = index * this.#receivers + receiver;
    if (!Number.isNaN(this.#firstAt[cell])) {
      this.#repeats += 1;
      return;
    }
    this.#firstAt[cell] = at;
    this.#missing[receiver] = (this.#missing[receiver] ?? 0) - 1;
    if (Number.isNaN(this.#firstArrival)) this.#firstArrival = at;
    this.#lastArrival = at;
  }

  #route(index: number): readonly number[] {
    return this.routes[index % this.routes.length] ?? [];
  }
}
