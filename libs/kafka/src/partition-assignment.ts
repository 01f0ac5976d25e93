import type { PartitionState, WaterMark } from './record-consumer-options.js';
import type { TopicPartition } from './topic-partition.js';
import { PartitionWatermark } from './watermark.js';
import type { OffsetCommit } from './watermark.js';

/** Why a partition is not read. */
export type Hold = 'locating' | 'pressure' | 'caller' | 'failure';

/** Where reading of a partition starts. */
export interface StartPosition {
  /** First offset that is live. */
  readonly offset: number;
  readonly metadata?: string | null;
  /** Beginning and end of the partition at that time. */
  readonly low: number;
  readonly high: number;
  readonly committed?: number | undefined;
}

export interface Pressure {
  readonly high: WaterMark;
  readonly low: WaterMark;
  readonly maxAhead: number;
}

/** One assignment of a partition to this member, from the moment it is given to the moment it is taken away. */
export class PartitionAssignment implements TopicPartition {
  readonly topic: string;
  readonly partition: number;
  /** False once the partition was taken away. */
  current = true;
  /** Next offset to read; undefined while it is looked up. */
  position: number | undefined;
  /** Reads one fetch below the start, to learn the time there. */
  probing = false;
  committed: number | undefined;
  highWatermark: number | undefined;
  readonly holds = new Set<Hold>();
  #watermark: PartitionWatermark | undefined;
  #liveFrom = 0;
  #bytes = 0;

  constructor(
    { topic, partition }: TopicPartition,
    readonly epoch: number,
  ) {
    this.topic = topic;
    this.partition = partition;
  }

  /** Records from here on are live; those below it are replayed. */
  get liveFrom(): number {
    return this.#liveFrom;
  }

  get inFlight(): number {
    return this.#watermark?.inFlight ?? 0;
  }

  begin(start: StartPosition): void {
    this.position = start.offset;
    this.#liveFrom = start.offset;
    this.committed = start.committed;
    this.highWatermark = start.high;
    this.#bytes = 0;
    this.#watermark = new PartitionWatermark({ offset: start.offset, metadata: start.metadata ?? null });
  }

  /** Was the record done before this assignment? */
  isOld(offset: number): boolean {
    return offset < this.#liveFrom || this.#watermark?.isDone(offset) === true;
  }

  track(offset: number, bytes: number): void {
    if (this.#watermark?.track(offset) === true) this.#bytes += bytes;
  }

  /** A record that was done before this assignment was passed. True when there is something to commit. */
  pass(offset: number): boolean {
    return offset >= this.#liveFrom && this.#watermark?.track(offset) === true && this.#watermark.done(offset);
  }

  /** False when the record was done before, or the assignment is over. */
  done(offset: number, bytes: number): boolean {
    if (!this.current || this.#watermark?.done(offset) !== true) return false;
    this.#bytes -= bytes;
    return true;
  }

  /** Everything below `next` was seen. True when that moved the watermark. */
  advance(next: number): boolean {
    if (this.position === undefined || next < this.position) return false;
    this.position = next;
    return next > this.#liveFrom && this.#watermark?.advance(next) === true;
  }

  commit(): OffsetCommit | undefined {
    return this.#watermark?.commit();
  }

  uncommitted(): void {
    this.#watermark?.uncommitted();
  }

  isAbove({ high, maxAhead }: Pressure): boolean {
    return this.inFlight >= high.records || this.#bytes >= high.bytes || (this.#watermark?.ahead ?? 0) >= maxAhead;
  }

  isBelow({ low, maxAhead }: Pressure): boolean {
    return this.inFlight <= low.records && this.#bytes <= low.bytes && (this.#watermark?.ahead ?? 0) < maxAhead;
  }

  state(): PartitionState {
    const watermark = this.#watermark?.offset;
    const { highWatermark } = this;
    return {
      topic: this.topic,
      partition: this.partition,
      epoch: this.epoch,
      inFlightRecords: this.inFlight,
      inFlightBytes: this.#bytes,
      paused: this.holds.size > 0,
      position: this.position,
      watermark,
      committed: this.committed,
      highWatermark,
      lag: watermark === undefined || highWatermark === undefined ? undefined : Math.max(0, highWatermark - watermark),
    };
  }
}
