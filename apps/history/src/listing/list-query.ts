import type { QueryResultRow } from 'pg';
import type { Database } from '../database/database.js';
import { storable } from '../ingestion/copy-rows.js';
import { decodeCursor, encodeCursor } from './cursor.js';

/** Which rows of a list, newest first. */
export interface PageRequest {
  readonly after?: number | undefined;
  readonly before?: number | undefined;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

export interface Page<T> {
  readonly data: T[];
  /** Cursor of the next page; `null` when this is the last. */
  readonly next: string | null;
}

/** A list of the API: where its rows are and what is shown of them. */
export interface ListDefinition<Row extends PlacedRow, Item> {
  /** Name in cursors. */
  readonly name: string;
  readonly table: string;
  /** Columns to select, besides `time`, `kafka_partition` and `kafka_offset`. */
  readonly columns: readonly string[];
  readonly timeColumn: string;
  readonly toItem: (row: Row) => Item;
}

export interface PlacedRow extends QueryResultRow {
  readonly time: Date;
  readonly kafka_partition: number;
  readonly kafka_offset: string;
}

/** Conditions of a query, with their values as parameters. */
export class Conditions {
  readonly #conditions: string[] = [];
  readonly #values: unknown[] = [];

  get values(): readonly unknown[] {
    return this.#values;
  }

  /** Equality; nothing when the value is absent. */
  equals(column: string, value: string | number | undefined): this {
    if (value === undefined) return this;
    return this.add(`${column} = ${this.parameter(typeof value === 'string' ? storable(value) : value)}`);
  }

  add(condition: string): this {
    this.#conditions.push(condition);
    return this;
  }

  /** Place-holder of a value. */
  parameter(value: unknown): string {
    return `$${this.#values.push(value)}`;
  }

  toString(): string {
    return this.#conditions.join(' AND ');
  }
}

/**
 * One page of a list, by keyset: the next page begins after the last row of this one, however many rows share its time and whatever
 * was added since.
 */
export async function readPage<Row extends PlacedRow, Item>(
  database: Pick<Database, 'read'>,
  list: ListDefinition<Row, Item>,
  conditions: Conditions,
  page: PageRequest,
): Promise<Page<Item>> {
  const { timeColumn: time } = list;
  if (page.after !== undefined) conditions.add(`${time} > ${timestamp(conditions, page.after)}`);
  if (page.before !== undefined) conditions.add(`${time} < ${timestamp(conditions, page.before)}`);
  if (page.cursor !== undefined) {
    const last = decodeCursor(list.name, page.cursor);
    const at = timestamp(conditions, last.time);
    // The first condition follows from the second, but only the first lets PostgreSQL leave out partitions.
    conditions.add(`${time} <= ${at}`);
    conditions.add(
      `(${time}, kafka_partition, kafka_offset) < (${at}, ${conditions.parameter(last.partition)}::int, ${conditions.parameter(last.offset)}::bigint)`,
    );
  }
  const rows = await database.read<Row>(
    `SELECT ${time} AS time, kafka_partition, kafka_offset, ${list.columns.join(', ')} FROM ${list.table}
     WHERE ${conditions.toString()}
     ORDER BY ${time} DESC, kafka_partition DESC, kafka_offset DESC LIMIT ${conditions.parameter(page.limit + 1)}`,
    conditions.values,
  );
  const last = rows.length > page.limit ? rows[page.limit - 1] : undefined;
  return {
    data: rows.slice(0, page.limit).map(list.toItem),
    next: last ? encodeCursor(list.name, positionOf(last)) : null,
  };
}

function positionOf(row: PlacedRow): { time: number; partition: number; offset: number } {
  return { time: row.time.getTime(), partition: row.kafka_partition, offset: Number(row.kafka_offset) };
}

function timestamp(conditions: Conditions, milliseconds: number): string {
  return `${conditions.parameter(new Date(milliseconds).toISOString())}::timestamptz`;
}
