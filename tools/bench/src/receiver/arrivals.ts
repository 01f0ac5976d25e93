/** Requests that receivers have got, column by column so that they travel between processes at once. */
export interface Arrivals {
  /** Number of the receiver. */
  readonly receiver: Uint16Array;
  /** Number of the event. */
  readonly event: Uint32Array;
  /** When the whole request was there, on the shared clock. */
  readonly at: Float64Array;
  /** 1: answered with 2xx. */
  readonly taken: Uint8Array;
}

/** Gathers arrivals. */
export class ArrivalLog {
  readonly #receiver: number[] = [];
  readonly #event: number[] = [];
  readonly #at: number[] = [];
  readonly #taken: number[] = [];

  get length(): number {
    return this.#at.length;
  }

  add(receiver: number, event: number, at: number, taken: boolean): void {
    this.#receiver.push(receiver);
    this.#event.push(event);
    this.#at.push(at);
    this.#taken.push(taken ? 1 : 0);
  }

  /** Those from the `from`th on. */
  since(from: number): Arrivals {
    return {
      receiver: Uint16Array.from(this.#receiver.slice(from)),
      event: Uint32Array.from(this.#event.slice(from)),
      at: Float64Array.from(this.#at.slice(from)),
      taken: Uint8Array.from(this.#taken.slice(from)),
    };
  }
}
