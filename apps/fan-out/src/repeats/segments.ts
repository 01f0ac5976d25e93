import { decodeIdentities, eachIdentity } from '@postduif/contracts';
import type { IdentitySegment } from '@postduif/contracts';
import { REPEAT_WINDOW_MS } from './repeat-window.js';

/** By record time. Where a partition is read from is a little below what was written of it. */
const KEPT_MS = REPEAT_WINDOW_MS + 60_000;

interface Kept extends IdentitySegment {
  /** Record time of its latest event; of one without events, that of the segment before it. */
  readonly latest: number;
}

/** The segments of the last minutes of each partition: it may be given to this process. */
export class Segments {
  readonly #kept = new Map<number, readonly Kept[]>();
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  /** Takes a record of `events.identities`. One that cannot be read leaves a gap. */
  keep(partition: number, value: Buffer | null): void {
    const segment = value === null ? undefined : decodeIdentities(value);
    if (segment === undefined) return;
    const before = this.#kept.get(partition) ?? [];
    const latest = latestIn(segment) ?? before.at(-1)?.latest ?? -Infinity;
    const kept = [...before.filter((one) => one.latest >= latest - KEPT_MS), { ...segment, latest }];
    this.#kept.set(partition, kept);
    this.#bytes += sizeOf(kept) - sizeOf(before);
  }

  /** What there is of a partition, by where it begins. */
  of(partition: number): readonly IdentitySegment[] {
    return (this.#kept.get(partition) ?? []).toSorted((one, other) => one.from - other.from);
  }
}

function latestIn({ entries }: IdentitySegment): number | undefined {
  let latest: number | undefined;
  eachIdentity(entries, (_digest, _offset, timestamp) => {
    latest = Math.max(latest ?? timestamp, timestamp);
  });
  return latest;
}

function sizeOf(segments: readonly IdentitySegment[]): number {
  return segments.reduce((sum, { entries }) => sum + entries.length, 0);
}
