import type { Pool, PoolClient } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { pipeline } from 'node:stream/promises';
import { sqlState } from '../database/store-error.js';
import { inTransaction } from '../database/transaction.js';
import type { DailyPartitions } from '../partitions/daily-partitions.js';
import { dayOf } from '../partitions/retention-window.js';
import type { RetentionWindow } from '../partitions/retention-window.js';
import { CopyRows, storable } from './copy-rows.js';
import type { OffsetMove, OffsetStore } from './offset-store.js';
import { UnreadableRecordError } from './source-record.js';
import type { SourceRecord } from './source-record.js';
import type { TableFormat } from './table-format.js';

/** Room for the columns of a row beside the body. */
const COLUMN_BYTES = 320;
const MOST_REASON = 1_000;
/** check_violation. The tables have no checks: it says that a row's partition is missing. */
const NO_PARTITION = '23514';
/** Data exception, integrity constraint violation, program limit exceeded. */
const DATA_ERROR = /^(22|23|54)/;

export interface UnreadableRecord {
  readonly record: SourceRecord;
  readonly reason: string;
}

interface EncodedBatch {
  readonly tables: ReadonlyMap<TableFormat, CopyRows>;
  readonly unreadable: readonly UnreadableRecord[];
  readonly days: ReadonlySet<number>;
}

/** What one transaction stored. */
export interface StoredBatch {
  /** Rows by table. */
  readonly rows: Readonly<Record<string, number>>;
  readonly unreadable: readonly UnreadableRecord[];
}

/** True when PostgreSQL refuses the data itself, so that the same batch would fail for ever. */
export function isDataError(error: unknown): boolean {
  return DATA_ERROR.test(sqlState(error) ?? '');
}

/** Stores records and moves the offsets of their partitions in one transaction: both happen, or neither. */
export class BatchStore {
  constructor(
    private readonly pool: Pool,
    private readonly offsets: OffsetStore,
    private readonly partitions: DailyPartitions,
    private readonly window: RetentionWindow,
    private readonly formats: ReadonlyMap<string, TableFormat>,
  ) {}

  /**
   * Throws `OffsetMovedError` when another writer was first, and PostgreSQL's errors. Records that can never be stored are noted in
   * `history.unreadable`. With `refused` all are noted there, with that reason.
   */
  async write(records: readonly SourceRecord[], moves: readonly OffsetMove[], refused?: string): Promise<StoredBatch> {
    const batch = refused === undefined ? this.#encode(records) : allUnreadable(records, refused);
    await this.partitions.ensure(batch.days);
    try {
      await inTransaction(this.pool, async (client) => {
        await this.offsets.move(client, moves);
        for (const [format, rows] of batch.tables) await copy(client, format, rows);
        await noteUnreadable(client, batch.unreadable);
      });
    } catch (error) {
      if (sqlState(error) !== NO_PARTITION) throw error;
      this.partitions.forget();
      throw new PartitionMissingError(error);
    }
    const rows = Object.fromEntries([...batch.tables].map(([format, { rows }]) => [format.table, rows]));
    return { rows, unreadable: batch.unreadable };
  }

  #encode(records: readonly SourceRecord[]): EncodedBatch {
    const tables = new Map<TableFormat, CopyRows>();
    const unreadable: UnreadableRecord[] = [];
    const days = new Set<number>();
    for (const record of records) {
      const format = this.formats.get(record.topic);
      if (format === undefined) throw new Error(`no table for the topic ${record.topic}`);
      let rows = tables.get(format);
      if (rows === undefined) tables.set(format, (rows = new CopyRows(format.columns.length, sizeOf(records))));
      try {
        days.add(dayOf(format.append(rows, record, this.window)));
      } catch (error) {
        if (!(error instanceof UnreadableRecordError)) throw error;
        unreadable.push({ record, reason: error.reason });
      }
    }
    return { tables, unreadable, days };
  }
}

/** A partition was dropped meanwhile. It is made at the next try. */
export class PartitionMissingError extends Error {
  override readonly name = 'PartitionMissingError';
  readonly code = 'partition_missing';

  constructor(cause: unknown) {
    super('a daily partition is missing', { cause });
  }
}

function allUnreadable(records: readonly SourceRecord[], reason: string): EncodedBatch {
  return { tables: new Map(), unreadable: records.map((record) => ({ record, reason })), days: new Set() };
}

function sizeOf(records: readonly SourceRecord[]): number {
  return records.reduce((sum, { value }) => sum + COLUMN_BYTES + (value?.length ?? 0), 0);
}

async function copy(client: PoolClient, format: TableFormat, rows: CopyRows): Promise<void> {
  if (rows.rows === 0) return;
  const command = `COPY ${format.table} (${format.columns.join(', ')}) FROM STDIN (FORMAT binary)`;
  await pipeline([rows.finish()], client.query(copyFrom(command)));
}

async function noteUnreadable(client: PoolClient, unreadable: readonly UnreadableRecord[]): Promise<void> {
  if (unreadable.length === 0) return;
  await client.query(
    `INSERT INTO history.unreadable (topic, kafka_partition, kafka_offset, reason)
     SELECT * FROM unnest($1::text[], $2::int[], $3::bigint[], $4::text[]) ON CONFLICT DO NOTHING`,
    [
      unreadable.map(({ record }) => record.topic),
      unreadable.map(({ record }) => record.partition),
      unreadable.map(({ record }) => record.offset),
      unreadable.map(({ reason }) => storable(reason).slice(0, MOST_REASON)),
    ],
  );
}
