import { eachIdentity, IDENTITY_BYTES, putIdentity } from '@postduif/contracts';
import type { IdentityDigest, IdentitySegment } from '@postduif/contracts';

const FIRST_CAPACITY = 64;
/** Far more than comes between two cuts; a segment of as many fits into a record. */
const MAX_ENTRIES = 200_000;

/** What was remembered of a partition's events since the last segment was cut. */
export class IdentityJournal {
  #entries = Buffer.allocUnsafeSlow(FIRST_CAPACITY * IDENTITY_BYTES);
  #count = 0;
  /** Above all that was added. */
  #next: number;

  /** All that can be read from the offset `from` on will be added, in any order. */
  constructor(
    private from: number,
    private readonly maxEntries = MAX_ENTRIES,
  ) {
    this.#next = from;
  }

  add(digest: IdentityDigest, offset: number, timestamp: number): void {
    if (this.#count === this.maxEntries) this.#beginAnew();
    if ((this.#count + 1) * IDENTITY_BYTES > this.#entries.length) this.#grow();
    putIdentity(this.#entries, this.#count++, digest, offset, timestamp);
    this.#next = Math.max(this.#next, offset + 1);
  }

  /** Takes out what is below `to`, an offset below which all that can be read was added. Undefined when that is nothing more than last time. */
  cut(to: number): IdentitySegment | undefined {
    const { from } = this;
    if (to <= from) return undefined;
    const added = this.#entries.subarray(0, this.#count * IDENTITY_BYTES);
    const entries = Buffer.allocUnsafeSlow(added.length);
    let count = 0;
    this.#count = 0;
    eachIdentity(added, (digest, offset, timestamp) => {
      if (offset >= to) putIdentity(added, this.#count++, digest, offset, timestamp);
      else if (offset >= from) putIdentity(entries, count++, digest, offset, timestamp);
    });
    this.from = to;
    return { from, to, entries: entries.subarray(0, count * IDENTITY_BYTES) };
  }

  /** Leaves a gap between the segments. */
  #beginAnew(): void {
    this.from = this.#next;
    this.#count = 0;
  }

  #grow(): void {
    const entries = Buffer.allocUnsafeSlow(this.#entries.length * 2);
    this.#entries.copy(entries);
    this.#entries = entries;
  }
}
