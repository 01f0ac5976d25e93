/** What lanes together may hold. */
export interface RoomBounds {
  /** Requests in flight. */
  readonly slots: number;
  /** Deliveries in flight, or queued for a webhook that is slow. */
  readonly records: number;
  readonly bytes: number;
}

/** How much a lane holds of it. */
export interface Share {
  readonly records: number;
  readonly bytes: number;
}

const RECORD_BYTES = 12 * 1024;

/** A delivery as a number of records: a large one is as much work and memory as several. */
export function weightOf(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / RECORD_BYTES));
}

/**
 * What all lanes share. A lane may hold as much as is left for the others (dynamic thresholds; Choudhury and Hahne, 1998): alone it
 * may have half, and however many are stuck, there is always something left for those that are not.
 */
export class Room {
  #slots = 0;
  #records = 0;
  #bytes = 0;
  #brief = 0;

  constructor(private readonly bounds: RoomBounds) {}

  /** Requests in flight. */
  get inFlight(): number {
    return this.#slots;
  }

  get hasSlot(): boolean {
    return this.#slots < this.bounds.slots;
  }

  /** Of the slots that a lane would like to have, how many it may have now: in proportion to what is free, at least one. */
  share(slots: number): number {
    return Math.max(1, Math.ceil(slots * (1 - this.#slots / this.bounds.slots)));
  }

  /** May a lane that holds this much queue another delivery of `bytes`? */
  fits(lane: Share, bytes: number): boolean {
    return lane.records + 1 <= this.bounds.records - this.#records && this.fitsInFlight(lane, bytes);
  }

  /** May a lane that holds this much send another delivery of `bytes`? Slots limit their number, so only bytes count. */
  fitsInFlight(lane: Share, bytes: number): boolean {
    return lane.bytes + bytes <= this.bounds.bytes - this.#bytes;
  }

  enter(bytes: number): void {
    this.#records += 1;
    this.#bytes += bytes;
  }

  leave(bytes: number): void {
    this.#records -= 1;
    this.#bytes -= bytes;
  }

  /** Weight of the deliveries queued that take up none of it, as they would be gone in a moment if this process had the time. */
  get brief(): number {
    return this.#brief;
  }

  enterBriefly(bytes: number): void {
    this.#brief += weightOf(bytes);
  }

  leaveBriefly(bytes: number): void {
    this.#brief -= weightOf(bytes);
  }

  takeSlot(): void {
    this.#slots += 1;
  }

  freeSlot(): void {
    this.#slots -= 1;
  }
}
