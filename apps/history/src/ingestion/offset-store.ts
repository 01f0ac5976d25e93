import type { Pool, PoolClient } from 'pg';

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** A partition's step forward: everything below `next` is stored, given that everything below `expected` was. */
export interface OffsetMove extends TopicPartition {
  readonly expected: number;
  readonly next: number;
}

/** Somebody else has moved an offset since it was read: another instance, or an operator. Nothing was stored. */
export class OffsetMovedError extends Error {
  override readonly name = 'OffsetMovedError';
  readonly code = 'offset_moved';

  constructor() {
    super('another writer has stored records of these partitions');
  }
}

/**
 * How far each partition is stored, in the same database as the rows, so that both change in one transaction. An offset only
 * moves from the value that the writer knows (compare and set): of two writers that hold the same records, one stores them.
 */
export class OffsetStore {
  constructor(private readonly pool: Pool) {}

  /** The next offset to be stored of each partition, in the order given; 0 for partitions that are new. */
  async read(partitions: readonly TopicPartition[]): Promise<number[]> {
    const { rows } = await this.pool.query<{ next: string }>({
      name: 'read-offsets',
      text: `WITH wanted AS (SELECT * FROM unnest($1::text[], $2::int[]) WITH ORDINALITY AS w(topic, partition, place)),
        created AS (
          INSERT INTO history.offsets (topic, kafka_partition, next_offset) SELECT topic, partition, 0 FROM wanted
          ON CONFLICT DO NOTHING)
        SELECT coalesce(o.next_offset, 0)::text AS next FROM wanted w
        LEFT JOIN history.offsets o ON o.topic = w.topic AND o.kafka_partition = w.partition ORDER BY w.place`,
      values: [partitions.map(({ topic }) => topic), partitions.map(({ partition }) => partition)],
    });
    return rows.map(({ next }) => Number(next));
  }

  /** Begins a partition anew, unless somebody else has moved it. */
  async restart({ topic, partition }: TopicPartition, expected: number): Promise<void> {
    await this.pool.query(
      'UPDATE history.offsets SET next_offset = 0 WHERE topic = $1 AND kafka_partition = $2 AND next_offset = $3',
      [topic, partition, expected],
    );
  }

  /** Moves offsets within a transaction. Comes first in it: a second writer waits here, and does nothing in vain. */
  async move(client: PoolClient, moves: readonly OffsetMove[]): Promise<void> {
    const { rowCount } = await client.query({
      name: 'move-offsets',
      text: `UPDATE history.offsets o SET next_offset = m.next
        FROM unnest($1::text[], $2::int[], $3::bigint[], $4::bigint[]) AS m(topic, partition, expected, next)
        WHERE o.topic = m.topic AND o.kafka_partition = m.partition AND o.next_offset = m.expected`,
      values: [
        moves.map(({ topic }) => topic),
        moves.map(({ partition }) => partition),
        moves.map(({ expected }) => expected),
        moves.map(({ next }) => next),
      ],
    });
    if (rowCount !== moves.length) throw new OffsetMovedError();
  }
}
