import { decodeFinished, encodeFinished } from './metadata-codec.js';
import type { OffsetRun } from './metadata-codec.js';

/** What is committed for a partition. */
export interface OffsetCommit {
  /** Offset of the first record that is not done: where a successor starts to read. */
  readonly offset: number;
  /** Finished offsets above it; see `encodeFinished`. */
  readonly metadata: string;
}

/** Entries behind the head are dropped when there are as many as this, and as many as before it. */
const COMPACT_AT = 1_024;

/**
 * What of a partition is done, when records finish out of order. Offsets may have gaps (compaction, control records). Nothing that
 * was tracked is ever passed by the watermark before it is done.
 */
export class PartitionWatermark {
  /** Tracked offsets in order; those before `#head` are below the watermark. */
  #offsets: number[] = [];
  #finished: boolean[] = [];
  #head = 0;
  #inFlight = 0;
  /** Above every tracked offset; everything below that is not tracked does not exist. */
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
    return this.#offsets[this.#head] ?? this.#next;
  }

  /** Tracked and not done. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Tracked and not below the watermark: in flight, or finished above something that is. */
  get ahead(): number {
    return this.#offsets.length - this.#head;
  }

  /** Was the record finished before the restart? Ask in ascending order of offsets. */
  isDone(offset: number): boolean {
    let run = this.#restored[this.#restoredAt];
    while (run !== undefined && run.to <= offset) run = this.#restored[++this.#restoredAt];
    return run !== undefined && run.from <= offset;
  }

  /** A record that was handed out. Ascending; false, and nothing happens, for one that was tracked before. */
  track(offset: number): boolean {
    if (offset < this.#next) return false;
    this.#offsets.push(offset);
    this.#finished.push(false);
    this.#inFlight += 1;
    this.#next = offset + 1;
    return true;
  }

  /** A record is done for good. False, and nothing happens, for one that is not in flight. */
  done(offset: number): boolean {
    const index = this.#indexOf(offset);
    if (index === undefined || this.#finished[index] === true) return false;
    this.#finished[index] = true;
    this.#inFlight -= 1;
    this.#changed = true;
    if (index === this.#head) this.#moveHead();
    return true;
  }

  /** Everything below `next` was seen: what was not tracked does not exist. True when that moved the watermark. */
  advance(next: number): boolean {
    if (next <= this.#next) return false;
    this.#next = next;
    const moved = this.ahead === 0;
    this.#changed ||= moved;
    return moved;
  }

  /** What to commit now; undefined when nothing happened since the last call. */
  commit(): OffsetCommit | undefined {
    if (!this.#changed) return undefined;
    this.#changed = false;
    const { offset } = this;
    return { offset, metadata: encodeFinished(offset, this.#runs()) };
  }

  /** What `commit` gave did not arrive, or there never was any: give it again. */
  uncommitted(): void {
    this.#changed = true;
  }

  *#runs(): Generator<OffsetRun> {
    let from: number | undefined;
    let to = 0;
    for (let index = this.#head; index < this.#offsets.length; index++) {
      const offset = this.#offsets[index] ?? 0;
      if (this.#finished[index] === true) {
        from ??= offset;
        to = offset + 1;
      } else if (from !== undefined) {
        yield { from, to };
        from = undefined;
      }
    }
    if (from !== undefined) yield { from, to };
    for (const run of this.#restored)
      if (run.to > this.#next) yield { from: Math.max(run.from, this.#next), to: run.to };
  }

  #moveHead(): void {
    while (this.#finished[this.#head] === true) this.#head += 1;
    if (this.#head < COMPACT_AT || this.#head * 2 < this.#offsets.length) return;
    this.#offsets = this.#offsets.slice(this.#head);
    this.#finished = this.#finished.slice(this.#head);
    this.#head = 0;
  }

  #indexOf(offset: number): number | undefined {
    let low = this.#head;
    let high = this.#offsets.length - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const found = this.#offsets[middle] ?? 0;
      if (found === offset) return middle;
      if (found < offset) low = middle + 1;
      else high = middle - 1;
    }
    return undefined;
  }
}
