import type { IdentityDigest } from '@postduif/contracts';

const WORDS = 4;
const FIRST_CAPACITY = 256;
/** Grows beyond this share of its slots. */
const MAX_LOAD = 0.75;
const EMPTY = 0xffff;

/**
 * A hash table from digests to an offset and a moment, in typed arrays: 26 bytes a slot, so 35 to 70 bytes an entry, all of it
 * outside of the collected heap. Digests are uniform, so their first word is the hash.
 */
export class DigestTable {
  #capacity = FIRST_CAPACITY;
  #size = 0;
  #digests = new Uint32Array(FIRST_CAPACITY * WORDS);
  #offsets = new Float64Array(FIRST_CAPACITY);
  #moments = new Uint16Array(FIRST_CAPACITY).fill(EMPTY);

  get size(): number {
    return this.#size;
  }

  get bytes(): number {
    return this.#digests.byteLength + this.#offsets.byteLength + this.#moments.byteLength;
  }

  /** The entry of a digest. */
  get(digest: IdentityDigest): { readonly offset: number; readonly moment: number } | undefined {
    const slot = this.#slotOf(digest);
    const moment = this.#moments[slot] ?? EMPTY;
    return moment === EMPTY ? undefined : { offset: this.#offsets[slot] ?? 0, moment };
  }

  /** `moment` is a whole number from 0 to 65,534. */
  set(digest: IdentityDigest, offset: number, moment: number): void {
    if (this.#size >= this.#capacity * MAX_LOAD) this.#grow();
    const slot = this.#slotOf(digest);
    if (this.#moments[slot] === EMPTY) this.#size += 1;
    this.#digests.set(digest, slot * WORDS);
    this.#offsets[slot] = offset;
    this.#moments[slot] = moment;
  }

  /** Where the digest is, or where it would be. Linear probing; there is always an empty slot. */
  #slotOf(digest: IdentityDigest): number {
    const last = this.#capacity - 1;
    let slot = (digest[0] ?? 0) & last;
    while (this.#moments[slot] !== EMPTY && !this.#holds(slot, digest)) slot = (slot + 1) & last;
    return slot;
  }

  #holds(slot: number, digest: IdentityDigest): boolean {
    const at = slot * WORDS;
    for (let word = 0; word < WORDS; word++) if (this.#digests[at + word] !== digest[word]) return false;
    return true;
  }

  #grow(): void {
    const [digests, offsets, moments, capacity] = [this.#digests, this.#offsets, this.#moments, this.#capacity];
    this.#capacity = capacity * 2;
    this.#digests = new Uint32Array(this.#capacity * WORDS);
    this.#offsets = new Float64Array(this.#capacity);
    this.#moments = new Uint16Array(this.#capacity).fill(EMPTY);
    this.#size = 0;
    for (let slot = 0; slot < capacity; slot++) {
      const moment = moments[slot] ?? EMPTY;
      if (moment !== EMPTY) this.set(digests.subarray(slot * WORDS, (slot + 1) * WORDS), offsets[slot] ?? 0, moment);
    }
  }
}
