import type { PartitionState } from '@postduif/kafka';

/** What is fetched, or seen to, within a moment also when all goes well. */
const MAX_BEHIND = 1_000;

/**
 * Whether a reader of `deliveries` is behind: more is there to read and to see to than is done in a moment, or it does not read as too much
 * is under way. What is under way with receivers, or queued for slow ones, says nothing about that: the lag alone would.
 *
 * @param pending records read that wait for nothing but us
 */
export function isBehind(partitions: readonly PartitionState[], pending: number): boolean {
  let records = pending;
  for (const { position, highWatermark, paused } of partitions) {
    if (paused) return true;
    records += Math.max(0, (highWatermark ?? 0) - (position ?? 0));
  }
  return records > MAX_BEHIND;
}

/** Counts what was done and is not committed. What is done above the watermark is not seen. */
export class Uncommitted {
  /** Watermarks that assignments were first seen with, by epoch: a commit may be far below, when the log was cut, or there is none. */
  #begun = new Map<number, number>();

  count(partitions: readonly PartitionState[]): number {
    const begun = new Map<number, number>();
    let records = 0;
    for (const { epoch, watermark, committed = 0 } of partitions) {
      if (watermark === undefined) continue;
      const from = this.#begun.get(epoch) ?? watermark;
      begun.set(epoch, from);
      records += Math.max(0, watermark - Math.max(from, committed));
    }
    this.#begun = begun;
    return records;
  }
}
