import type { KafkaClients } from './client.js';
import type { Clock } from './clock.js';
import type { ConsumedRecord } from './consumed-record.js';
import type { Log } from './log.js';
import type { TopicPartition } from './topic-partition.js';

/** Limits for what is read and not yet acknowledged. */
export interface WaterMark {
  readonly records: number;
  readonly bytes: number;
}

export interface RecordConsumerOptions {
  readonly kafka: Pick<KafkaClients, 'consumer' | 'admin' | 'memberName'>;
  readonly groupId: string;
  readonly topics: readonly string[];
  /** Where a group without a committed offset starts. Default true. */
  readonly fromBeginning?: boolean;
  /**
   * Takes a record: enqueue it and return. Records of a partition come in order. What it throws is logged, and it gets the record
   * again a second later; other partitions go on.
   */
  onRecord(record: ConsumedRecord): void;
  /**
   * Asked before a record is handed out. False: not yet. Its partition is then paused as by `pause`, and nothing of it stays in memory;
   * after `resume` reading goes on with the same record. Default: always.
   */
  isWanted?(record: ConsumedRecord): boolean;
  /** Partitions that are new to this member. Not called for those that it keeps in a rebalance. */
  onAssigned?(partitions: readonly TopicPartition[]): void;
  /** Partitions that are gone: their records are someone else's, and `done` has no effect any more. */
  onRevoked?(partitions: readonly TopicPartition[]): void;
  /** The group has confirmed that this member belongs to it, which it does once or twice a second. See `RecordConsumer.mayBegin`. */
  onConfirmed?(): void;
  /**
   * Resolves when nothing is under way for records that were handed out, though what only waits is not done; nothing may begin meanwhile. A
   * rebalance and a stop wait for it. Default: when all is done.
   */
  settled?(): Promise<void>;
  /**
   * Where to start, in the order of `partitions`, for those who keep their positions elsewhere than in Kafka. Committed offsets and
   * finished offsets are then not read, only written. Asked anew, a second later, when it rejects.
   */
  startOffsets?(partitions: readonly TopicPartition[]): Promise<readonly number[]>;
  /**
   * Milliseconds, by record time. On assignment the records of that time before the position come first, with `replayed` true. Records
   * that were finished above the position come as `replayed` too; without `rewindMs` they are skipped.
   */
  readonly rewindMs?: number;
  /**
   * With `rewindMs`: called when a partition begins to be read, tells where. `first` is the first record of that time, `live` the position;
   * the answer is between them, for those who know from elsewhere what the records below it hold. Default: `first`.
   */
  replayFrom?(partition: TopicPartition, first: number, live: number): number;
  /** A partition is paused at either limit. One fetch more may come. Default 2,000 records and 16 MiB. */
  readonly highWater?: WaterMark;
  /** A paused partition is read on below both limits. Default half of `highWater`. */
  readonly lowWater?: WaterMark;
  /** All partitions are paused when together they are at either limit. Default: no limit. */
  readonly totalHighWater?: WaterMark;
  /** They are read on below both of these. Default half of `totalHighWater`. */
  readonly totalLowWater?: WaterMark;
  /** Bytes of one fetch of one partition; a larger record comes alone. Default 1 MiB. */
  readonly maxBytesPerPartition?: number;
  /** Bytes of one fetch. Default 10 MiB. */
  readonly maxBytesPerFetch?: number;
  /** Milliseconds that a fetch waits for records. Default 100. */
  readonly maxWaitTimeInMs?: number;
  /** Bytes that a fetch waits for, no longer than `maxWaitTimeInMs`. Many small fetches cost the broker most. Default 1: none waits. */
  readonly minBytes?: number;
  /**
   * Milliseconds after which the group takes a silent member's partitions away, and so until they are read on after a kill. Default
   * 6,000, the least that brokers allow by default.
   */
  readonly sessionTimeoutMs?: number;
  /**
   * Milliseconds that a member waits in a rebalance until what is under way is done, before it gives its partitions up. The whole
   * group waits with it. Keep it some seconds below `sessionTimeoutMs`. Default 1,000.
   */
  readonly rebalanceDrainMs?: number;
  /** Least milliseconds between the starts of two commits. Default 20. */
  readonly commitIntervalMs?: number;
  readonly log: Log;
  readonly clock?: Clock;
}

/** One partition, for metrics. */
export interface PartitionState extends TopicPartition {
  readonly epoch: number;
  /** Read and not acknowledged. */
  readonly inFlightRecords: number;
  readonly inFlightBytes: number;
  readonly paused: boolean;
  /** Offset of the next record to read; undefined while it is looked up. */
  readonly position: number | undefined;
  /** Everything below is done. */
  readonly watermark: number | undefined;
  /** Last offset that was committed in this epoch, or found at its start. */
  readonly committed: number | undefined;
  /** End of the partition, as the last fetch saw it. */
  readonly highWatermark: number | undefined;
  /** Records between watermark and end. */
  readonly lag: number | undefined;
}
