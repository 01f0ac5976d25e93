import type { Admin } from 'kafkajs';
import { withAdmin } from './client.js';
import type { KafkaClients } from './client.js';
import type { StartPosition } from './partition-assignment.js';
import type { RecordConsumerOptions } from './record-consumer-options.js';
import { partitionKey } from './topic-partition.js';
import type { TopicPartition } from './topic-partition.js';

export type StartPositionsOptions = { readonly kafka: Pick<KafkaClients, 'admin'> } & Pick<
  RecordConsumerOptions,
  'groupId' | 'fromBeginning' | 'startOffsets' | 'log'
>;

interface Bounds {
  readonly low: number;
  readonly high: number;
}

type Committed = Pick<StartPosition, 'offset' | 'metadata'>;

/** Finds out where to read on: at the committed offset, or where the caller says. */
export class StartPositions {
  constructor(private readonly options: StartPositionsOptions) {}

  /** In the order of `partitions`. */
  locate(partitions: readonly TopicPartition[]): Promise<StartPosition[]> {
    return withAdmin(this.options.kafka, async (admin) => {
      const wanted = await this.#wanted(admin, partitions);
      // After the offsets, so that an end that is below one is no matter of a moment.
      const bounds = await fetchBounds(admin, topicsOf(partitions));
      return partitions.map((partition, index) =>
        this.#within(partition, wanted[index], bounds.get(partitionKey(partition))),
      );
    });
  }

  /** Offset of the first record at or after `time` (Unix milliseconds), at most the end. */
  offsetAt({ topic, partition }: TopicPartition, time: number): Promise<number> {
    return withAdmin(this.options.kafka, async (admin) => {
      const found = await admin.fetchTopicOffsetsByTimestamp(topic, time);
      const offset = found.find((entry) => entry.partition === partition)?.offset;
      if (offset === undefined) throw new Error(`the partition ${topic}/${partition} is not there`);
      return Number(offset);
    });
  }

  async #wanted(admin: Admin, partitions: readonly TopicPartition[]): Promise<readonly (Committed | undefined)[]> {
    const own = await this.options.startOffsets?.(partitions);
    if (own !== undefined) return own.map((offset) => ({ offset }));
    const committed = await fetchCommitted(admin, this.options.groupId, topicsOf(partitions));
    return partitions.map((partition) => committed.get(partitionKey(partition)));
  }

  #within(partition: TopicPartition, wanted: Committed | undefined, bounds: Bounds | undefined): StartPosition {
    if (bounds === undefined) throw new Error(`the partition ${partitionKey(partition)} is not there`);
    const { low, high } = bounds;
    if (wanted === undefined) return { offset: this.options.fromBeginning === false ? high : low, low, high };
    const fields = { ...partition, wanted: wanted.offset, low, high };
    if (wanted.offset < low) {
      const lost = wanted.offset > 0 || this.options.startOffsets === undefined;
      if (lost) this.options.log.error(fields, 'records were deleted before they were read; going on with the oldest');
    } else if (wanted.offset > high) {
      this.options.log.error(fields, 'the partition ends before the position; starting at its beginning');
    } else {
      return { ...wanted, low, high, committed: wanted.offset };
    }
    return { offset: low, low, high };
  }
}

async function fetchCommitted(admin: Admin, groupId: string, topics: string[]): Promise<Map<string, Committed>> {
  const found = new Map<string, Committed>();
  for (const { topic, partitions } of await admin.fetchOffsets({ groupId, topics })) {
    for (const { partition, offset, metadata } of partitions) {
      if (Number(offset) >= 0) found.set(partitionKey({ topic, partition }), { offset: Number(offset), metadata });
    }
  }
  return found;
}

async function fetchBounds(admin: Admin, topics: string[]): Promise<Map<string, Bounds>> {
  const bounds = new Map<string, Bounds>();
  for (const topic of topics) {
    for (const { partition, low, high } of await admin.fetchTopicOffsets(topic)) {
      bounds.set(partitionKey({ topic, partition }), { low: Number(low), high: Number(high) });
    }
  }
  return bounds;
}

function topicsOf(partitions: readonly TopicPartition[]): string[] {
  return [...new Set(partitions.map(({ topic }) => topic))];
}
