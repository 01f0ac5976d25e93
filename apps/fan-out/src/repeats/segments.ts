import { decodeIdentities } from '@postduif/contracts';
import type { IdentitySegment } from '@postduif/contracts';
import { REPEAT_WINDOW_MS } from './repeat-window.js';

/** From the moment when it came. Who works off a backlog more slowly than it came in reads its events again. */
const KEPT_MS = REPEAT_WINDOW_MS + 60_000;

interface Kept extends IdentitySegment {
  readonly cameAt: number;
}

/** The segments of the last minutes, of all partitions: each may be given to this process. */
export class Segments {
  readonly #kept = new Map<number, Kept[]>();
  #bytes = 0;

  /** @param now milliseconds of a clock that only goes forward */
  constructor(private readonly now: () => number) {}

  get bytes(): number {
    return this.#bytes;
  }

  /** Takes a record of `events.identities`. One that cannot be read leaves a gap. */
  keep(partition: number, value: Buffer | null): void {
    const segment = value === null ? undefined : decodeIdentities(value);
    if (segment === undefined) return;
    const now = this.now();
    let kept = this.#kept.get(partition);
    if (kept === undefined) this.#kept.set(partition, (kept = []));
    kept.push({ ...segment, cameAt: now });
    this.#bytes += segment.entries.length;
    while ((kept[0]?.cameAt ?? now) < now - KEPT_MS) this.#bytes -= kept.shift()?.entries.length ?? 0;
  }

  /** What there is of a partition, by where it begins. */
  of(partition: number): readonly IdentitySegment[] {
    return (this.#kept.get(partition) ?? []).toSorted((one, other) => one.from - other.from);
  }
}
