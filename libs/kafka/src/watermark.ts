import { decodeFinished, encodeFinished } from './metadata-codec.js';
import type { OffsetRun } from './metadata-codec.js';

/** What is committed for a partition. */
export interface OffsetCommit {
  /** Offset of the first record that is not done: where a successor starts to read. */
  readonly offset: number;
  /** Finished offsets above it; see `encodeFinished`. */
  readonly metadata: string;
}

/**
 * What of a partition is done, when records finish out of order. Offsets may have gaps (compaction, control records). Nothing that
 * was tracked is ever passed by the watermark before it is done. Only what is in flight costs memory, however far ahead of the
 * watermark the rest is finished.
 */
export class PartitionWatermark {
  /** Ascending, as a set keeps the order of insertion. */
  readonly #inFlight = new Set<number>();
  /** Above every tracked offset; everything below that is not in flight is done or does not exist. */
  #next: number;
  #changed = false;
  /** Finished before a restart. */
  readonly #restored: readonly OffsetRun[];
  #restoredAt = 0;

  /** Goes on where a commit, one's own or of a predecessor, left off. */
  constructor({ offset, metadata = '' }: { readonly offset: number; readonly metadata?: string | null }) {
    this.#next = offset;
    this.#restored = decodeFinished(offset, metadata);
  }

  /** Offset of the first record that is not done. */
  get offset(): number {
    for (const first of this.#inFlight) return first;
    return this.#next;
  }

  /** Tracked and not done. */
  get inFlight(): number {
    return this.#inFlight.size;
  }

  /** Was the record finished before the restart? Ask in ascending order of offsets. */
  isDone(offset: number): boolean {
    return this.undoneFrom(offset) > offset;
  }

  /** The first record, from this one on, that was not finished before the restart. Ask in ascending order of offsets. */
  undoneFrom(offset: number): number {
    let run = this.#restored[this.#restoredAt];
    while (run !== undefined && run.to <= offset) run = this.#restored[++this.#restoredAt];
    return run !== undefined && run.from <= offset ? run.to : offset;
  }

  /** A record that was handed out. Ascending; false, and nothing happens, for one that was tracked before. */
  track(offset: number): boolean {
    if (offset < this.#next) return false;
    this.#inFlight.add(offset);
    this.#next = offset + 1;
    return true;
  }

  /** A record is done for good. False, and nothing happens, for one that is not in flight. */
  done(offset: number): boolean {
    if (!this.#inFlight.delete(offset)) return false;
    this.#changed = true;
    return true;
  }

  /** Everything below `next` was seen: what was not tracked does not exist. True when that moved the watermark. */
  advance(next: number): boolean {
    if (next <= this.#next) return false;
    this.#next = next;
    const moved = this.#inFlight.size === 0;
    this.#changed ||= moved;
    return moved;
  }

  /** What to commit now; undefined when nothing happened since the last call. */
  commit(): OffsetCommit | undefined {
    if (!this.#changed) return undefined;
    this.#changed = false;
    const { offset } = this;
    return { offset, metadata: encodeFinished(offset, this.#finished(offset)) };
  }

  /** What `commit` gave did not arrive, or there never was any: give it again. */
  uncommitted(): void {
    this.#changed = true;
  }

  /** What lies between the records in flight, and what was finished before the restart and is not read again yet. */
  *#finished(watermark: number): Generator<OffsetRun> {
    let from = watermark;
    for (const offset of this.#inFlight) {
      if (offset > from) yield { from, to: offset };
      from = offset + 1;
    }
    let to = this.#next;
    for (const run of this.#restored) {
      if (run.to <= to) continue;
      // One that is read again in part is still one.
      if (run.from > to) {
        if (to > from) yield { from, to };
        from = run.from;
      }
      to = run.to;
    }
    if (to > from) yield { from, to };
  }
}
