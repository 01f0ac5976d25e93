import { hash } from 'node:crypto';
import { eachIdentity } from '@postduif/contracts';
import type { IdentityDigest, IdentitySegment } from '@postduif/contracts';
import { DigestTable } from './digest-table.js';
import { IdentityJournal } from './identity-journal.js';

/** How long an identity is known after the last event that had it, in milliseconds of record time. */
export const REPEAT_WINDOW_MS = 10 * 60 * 1_000;

const GENERATION_MS = 60 * 1_000;
/** As many minutes as the window may touch, and one for a record whose time is far off. */
const MAX_GENERATIONS = REPEAT_WINDOW_MS / GENERATION_MS + 2;

interface Generation {
  readonly minute: number;
  readonly entries: DigestTable;
}

/**
 * The identities of the events of one partition in the last ten minutes (ADR 0006). A record is a repeat when one before it in the
 * partition has the same identity and is at most ten minutes away, by record time. That depends on the topic alone, so it comes out the
 * same after a restart; a record that is read again is no repeat of itself.
 *
 * Its memory is bounded by the events of twelve minutes, at about 50 bytes each: 30 MB for 1,000 a second over all partitions. What is kept is 128
 * bits of SHA-256, so that two identities are never taken for one.
 */
export class RepeatWindow {
  /** By minute, the latest first. */
  readonly #generations: Generation[] = [];
  readonly #digest: IdentityDigest = new Uint32Array(4);
  #journal: IdentityJournal | undefined;

  get size(): number {
    return this.#generations.reduce((sum, { entries }) => sum + entries.size, 0);
  }

  get bytes(): number {
    return this.#generations.reduce((sum, { entries }) => sum + entries.bytes, 0);
  }

  /** Remembers an event; true when it is a repeat. */
  isRepeat(identity: string, offset: number, timestamp: number): boolean {
    const digest = this.#hash(identity);
    this.#journal?.add(digest, offset, timestamp);
    return this.#remember(digest, offset, timestamp);
  }

  /**
   * Remembers what segments tell of the records from the offset `first` on, as far as there is no gap. All from there on will then be
   * remembered by `isRepeat`, and segments of it can be cut.
   *
   * @param segments by where they begin
   * @param live where reading has to begin at the latest
   * @returns where it has to begin
   */
  begin(segments: readonly IdentitySegment[], first: number, live: number): number {
    let next = first;
    for (const { from, to, entries } of segments) {
      if (from > next || next >= live) break;
      if (to <= next) continue;
      eachIdentity(entries, (digest, offset, timestamp) => {
        this.#remember(digest, offset, timestamp);
      });
      next = to;
    }
    next = Math.min(next, live);
    this.#journal = new IdentityJournal(next);
    return next;
  }

  /** What was remembered since the last cut. Everything below `to` has been read. */
  cut(to: number): IdentitySegment | undefined {
    return this.#journal?.cut(to);
  }

  #remember(digest: IdentityDigest, offset: number, timestamp: number): boolean {
    const known = this.#firstOffset(digest, timestamp);
    const first = Math.min(known ?? offset, offset);
    const minute = Math.floor(timestamp / GENERATION_MS);
    this.#generation(minute)?.entries.set(digest, first, timestamp - minute * GENERATION_MS);
    return first < offset;
  }

  /** Offset of the first record of a chain of repeats that is still in the window. */
  #firstOffset(digest: IdentityDigest, timestamp: number): number | undefined {
    for (const { minute, entries } of this.#generations) {
      const entry = entries.get(digest);
      if (entry !== undefined && Math.abs(timestamp - minute * GENERATION_MS - entry.moment) <= REPEAT_WINDOW_MS)
        return entry.offset;
    }
    return undefined;
  }

  /** Undefined for a record that is older than everything that is kept. */
  #generation(minute: number): Generation | undefined {
    const index = this.#generations.findIndex((one) => one.minute <= minute);
    const found = this.#generations[index];
    if (found?.minute === minute) return found;
    if (index === -1 && this.#generations.length >= MAX_GENERATIONS) return undefined;
    const generation = { minute, entries: new DigestTable() };
    this.#generations.splice(index === -1 ? this.#generations.length : index, 0, generation);
    if (this.#generations.length > MAX_GENERATIONS) this.#generations.pop();
    return generation;
  }

  /** Into the same four words each time. */
  #hash(identity: string): IdentityDigest {
    const bytes = hash('sha256', identity, 'buffer');
    for (let word = 0; word < this.#digest.length; word++) this.#digest[word] = bytes.readUInt32LE(word * 4);
    return this.#digest;
  }
}
