import type { OutgoingHeaders } from './record-headers.js';
import type { TopicPartition } from './topic-partition.js';

/** A record as a handler gets it. */
export interface ConsumedRecord extends TopicPartition {
  readonly offset: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  /** Values as UTF-8. Of headers with the same name, the last; without those that have no value. */
  readonly headers: Record<string, string>;
  /** The same for passing them on: bytes and repeats as they came. */
  readonly exactHeaders: OutgoingHeaders;
  /** Unix milliseconds. */
  readonly timestamp: number;
  /**
   * True for a record below the position where the group goes on, or finished before a restart: read again only because of
   * `rewindMs`. Its `done` does nothing.
   */
  readonly replayed: boolean;
  /** Number of the assignment of the partition that the record was read under. */
  readonly epoch: number;
  /** Acknowledges: all that follows from the record is durable. Idempotent. Without effect when the epoch is over. */
  done(): void;
  /** False when the partition was taken away since: somebody else gets the record, and `done` has no effect. */
  isCurrent(): boolean;
}
