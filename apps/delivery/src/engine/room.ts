/** What lanes together may hold. */
export interface RoomBounds {
  /** Requests in flight. */
  readonly slots: number;
  /** Deliveries in flight, or queued for a webhook that is slow. */
  readonly records: number;
  readonly bytes: number;
  /** Deliveries queued that would be gone in a moment if this process had the time, each with what it costs beside its body. */
  readonly briefBytes: number;
}

/** How much a lane holds of it. */
export interface Share {
  readonly records: number;
  readonly bytes: number;
}

/** Of the bytes, what those may have together that hold more than one delivery. */
const COMMON_SHARE = 3 / 4;
/** Work for as much body is as much as that for a delivery. */
const LARGE_BYTES = 12 * 1024;
/** A lane may queue so many times as much for a moment as is left for the others: bursts are mostly of one webhook at a time. */
const BRIEF_SHARE = 4;
/** Memory that a queued delivery takes beside its body, about: its headers, and objects for it here and in the reader. */
const OVERHEAD_BYTES = 2_048;

/** A large delivery is as much work as several. */
function weightOf(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / LARGE_BYTES));
}

/** Memory for a delivery with such a body. */
export function costOf(bytes: number): number {
  return OVERHEAD_BYTES + bytes;
}

/**
 * What all lanes share. A lane may hold as much as is left for the others (dynamic thresholds; Choudhury and Hahne, 1998): alone it
 * may have half, and however many are stuck, there is always something left for those that are not. Of bytes, what is left is at least as much
 * as the largest of their bodies, for smaller ones; and for a large one of each other lane there is a quarter that takes no part in that.
 */
export class Room {
  #slots = 0;
  #records = 0;
  #bytes = 0;
  /** Of these, what lanes hold that hold one delivery. */
  #single = 0;
  #briefBytes = 0;
  #forUs = 0;

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
    const left = this.bounds.bytes - this.#bytes;
    const common = this.bounds.bytes * COMMON_SHARE - (this.#bytes - this.#single);
    return 2 * bytes <= left && (lane.records === 0 || lane.bytes + 2 * bytes <= common);
  }

  /** One more delivery for a lane that held this much before. */
  enter(lane: Share, bytes: number): void {
    this.#records += 1;
    this.#bytes += bytes;
    if (lane.records === 0) this.#single += bytes;
    else if (lane.records === 1) this.#single -= lane.bytes;
  }

  /** One delivery less for a lane that held this much before. */
  leave(lane: Share, bytes: number): void {
    this.#records -= 1;
    this.#bytes -= bytes;
    if (lane.records === 1) this.#single -= bytes;
    else if (lane.records === 2) this.#single += lane.bytes - bytes;
  }

  /** Deliveries queued for a moment that wait for this process; of these, large ones count for several. */
  get forUs(): number {
    return this.#forUs;
  }

  /** May a lane that has queued deliveries of this cost for a moment queue another one of `bytes`? Alone it may have four fifths. */
  fitsBriefly(cost: number, bytes: number): boolean {
    return cost + costOf(bytes) <= BRIEF_SHARE * (this.bounds.briefBytes - this.#briefBytes);
  }

  enterBriefly(bytes: number): void {
    this.#briefBytes += costOf(bytes);
  }

  leaveBriefly(bytes: number): void {
    this.#briefBytes -= costOf(bytes);
  }

  addForUs(bytes: number): void {
    this.#forUs += weightOf(bytes);
  }

  removeForUs(bytes: number): void {
    this.#forUs -= weightOf(bytes);
  }

  takeSlot(): void {
    this.#slots += 1;
  }

  freeSlot(): void {
    this.#slots -= 1;
  }
}
