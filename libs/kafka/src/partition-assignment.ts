import { Load } from './load.js';
import type { PartitionState } from './record-consumer-options.js';
import type { TopicPartition } from './topic-partition.js';
import { PartitionWatermark } from './watermark.js';
import type { OffsetCommit } from './watermark.js';

/** Why a partition is not read. */
export type Hold =
  | 'locating'
  /** Too much of the partition is in flight. */
  | 'pressure'
  /** Too much of all partitions is in flight. */
  | 'total'
  | 'caller'
  /** The next record is not wanted yet. */
  | 'unwanted'
  /** It may be somebody else's by now. */
  | 'unconfirmed'
  | 'failure';

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

/** One assignment of a partition to this member, from the moment it is given to the moment it is taken away. */
export class PartitionAssignment implements TopicPartition {
  readonly topic: string;
  readonly partition: number;
  /** Next offset to read; undefined while it is looked up. */
  position: number | undefined;
  /** Reads one fetch below the start, to learn the time there. */
  probing = false;
  committed: number | undefined;
  highWatermark: number | undefined;
  readonly holds = new Set<Hold>();
  readonly load: Load;
  #current = true;
  #watermark: PartitionWatermark | undefined;
  #liveFrom = 0;

  constructor(
    { topic, partition }: TopicPartition,
    readonly epoch: number,
    total?: Load,
  ) {
    this.topic = topic;
    this.partition = partition;
    this.load = new Load(total);
  }

  /** False once the partition was taken away. */
  get current(): boolean {
    return this.#current;
  }

  /** The partition was taken away: what is in flight is no longer this member's. */
  end(): void {
    this.#current = false;
    this.load.clear();
  }

  /** Records from here on are live; those below it are replayed. */
  get liveFrom(): number {
    return this.#liveFrom;
  }

  begin(start: StartPosition): void {
    this.position = start.offset;
    this.#liveFrom = start.offset;
    this.committed = start.committed;
    this.highWatermark = start.high;
    this.load.clear();
    this.#watermark = new PartitionWatermark({ offset: start.offset, metadata: start.metadata ?? null });
  }

  /** Was the record done before this assignment? */
  isOld(offset: number): boolean {
    return offset < this.#liveFrom || this.#watermark?.isDone(offset) === true;
  }

  /** Where to read on when everything below `next` was read: what was done before this assignment need not be, and may be much. */
  undoneFrom(next: number): number {
    const from = this.#watermark?.undoneFrom(next) ?? next;
    return Math.max(next, Math.min(from, this.highWatermark ?? 0));
  }

  track(offset: number, bytes: number): void {
    if (this.#watermark?.track(offset) === true) this.load.add(bytes);
  }

  /** A record that was done before this assignment was passed. True when there is something to commit. */
  pass(offset: number): boolean {
    return offset >= this.#liveFrom && this.#watermark?.track(offset) === true && this.#watermark.done(offset);
  }

  /** False when the record was done before, or the assignment is over. */
  done(offset: number, bytes: number): boolean {
    if (!this.#current || this.#watermark?.done(offset) !== true) return false;
    this.load.remove(bytes);
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

  state(): PartitionState {
    const watermark = this.#watermark?.offset;
    const { highWatermark } = this;
    return {
      topic: this.topic,
      partition: this.partition,
      epoch: this.epoch,
      inFlightRecords: this.load.records,
      inFlightBytes: this.load.bytes,
      paused: this.holds.size > 0,
      position: this.position,
      watermark,
      committed: this.committed,
      highWatermark,
      lag: watermark === undefined || highWatermark === undefined ? undefined : Math.max(0, highWatermark - watermark),
    };
  }
}
