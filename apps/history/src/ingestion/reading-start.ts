import type { Logger } from 'pino';
import type { BatchWriter } from './batch-writer.js';
import type { OffsetStore, TopicPartition } from './offset-store.js';

/** Ends of the partitions of a topic: the offset that the next record will get. */
export type LogEnds = (topic: string) => Promise<ReadonlyMap<number, number>>;

/** Says from where partitions are read when they are assigned to this instance. */
export class ReadingStart {
  constructor(
    private readonly writer: Pick<BatchWriter, 'assign'>,
    private readonly offsets: Pick<OffsetStore, 'restart'>,
    private readonly logEnds: LogEnds,
    private readonly log: Logger,
  ) {}

  /**
   * The offset of each partition, in the order given. A stored offset behind the end of the log means that the topic was deleted and
   * made anew: it is read from its beginning, or its first records would be taken for stored ones.
   */
  async of(partitions: readonly TopicPartition[]): Promise<number[]> {
    const positions = await this.writer.assign(partitions);
    const ends = new Map<string, ReadonlyMap<number, number>>();
    for (const { topic } of partitions) if (!ends.has(topic)) ends.set(topic, await this.logEnds(topic));
    let restarted = false;
    for (const [index, { topic, partition }] of partitions.entries()) {
      const [position = 0, end] = [positions[index], ends.get(topic)?.get(partition)];
      if (end === undefined || position <= end) continue;
      this.log.warn({ topic, partition, position, end }, 'the topic was made anew; reading it from its beginning');
      await this.offsets.restart({ topic, partition }, position);
      restarted = true;
    }
    return restarted ? this.writer.assign(partitions) : positions;
  }
}
