import type { Pool, PoolClient } from 'pg';
import { inTransaction } from '../database/transaction.js';
import { DAY_MS } from './retention-window.js';

export const PARTITIONED_TABLES = ['events', 'attempts'] as const;
type Table = (typeof PARTITIONED_TABLES)[number];

/** Held while partitions are made or dropped, so that instances take turns; `part` in ASCII. */
const PARTITION_LOCK = 0x70617274;
const PARTITION_NAME = /^(?:events|attempts)_(\d{4})(\d\d)(\d\d)$/;

/** The daily partitions of `history.events` and `history.attempts`. A day is its number since 1970, UTC. */
export class DailyPartitions {
  readonly #known = new Set<number>();

  constructor(private readonly pool: Pool) {}

  /** Makes the partitions of these days where they are missing. Costs nothing for days seen before. */
  async ensure(days: Iterable<number>): Promise<void> {
    const missing = [...new Set(days)].filter((day) => !this.#known.has(day));
    if (missing.length === 0) return;
    await inTransaction(this.pool, async (client) => {
      await client.query('SELECT pg_advisory_xact_lock($1)', [PARTITION_LOCK]);
      for (const day of missing) for (const table of PARTITIONED_TABLES) await create(client, table, day);
    });
    for (const day of missing) this.#known.add(day);
  }

  /** Looks again next time: somebody else may have dropped a partition. */
  forget(): void {
    this.#known.clear();
  }

  /** Drops the partitions of days before `oldestDay`; answers their names. Gives up rather than hold up others for long. */
  async dropBefore(oldestDay: number): Promise<string[]> {
    const { rows } = await this.pool.query<{ name: string }>(
      `SELECT child.relname AS name FROM pg_inherits
       JOIN pg_class child ON child.oid = inhrelid
       WHERE inhparent IN ('history.events'::regclass, 'history.attempts'::regclass) ORDER BY 1`,
    );
    const expired = rows.map(({ name }) => name).filter((name) => dayOfPartition(name) < oldestDay);
    for (const name of expired) {
      await inTransaction(this.pool, async (client) => {
        await client.query(`SET LOCAL lock_timeout = '2s'`);
        await client.query('SELECT pg_advisory_xact_lock($1)', [PARTITION_LOCK]);
        await client.query(`DROP TABLE IF EXISTS history.${name}`);
      });
    }
    for (const day of this.#known) if (day < oldestDay) this.#known.delete(day);
    return expired;
  }
}

/**
 * A table made first and attached then: CREATE TABLE … PARTITION OF would lock out every reader and writer of the parent. Both steps
 * are in one transaction, so a table that exists is attached.
 */
async function create(client: PoolClient, table: Table, day: number): Promise<void> {
  const name = `history.${partitionName(table, day)}`;
  const { rows } = await client.query<{ present: boolean }>('SELECT to_regclass($1) IS NOT NULL AS present', [name]);
  if (rows[0]?.present === true) return;
  await client.query(`CREATE TABLE ${name} (LIKE history.${table} INCLUDING ALL)`);
  await client.query(
    `ALTER TABLE history.${table} ATTACH PARTITION ${name} FOR VALUES FROM ('${startOf(day)}') TO ('${startOf(day + 1)}')`,
  );
}

export function partitionName(table: Table, day: number): string {
  return `${table}_${startOf(day).slice(0, 10).replaceAll('-', '')}`;
}

/** The day of a partition's name; infinitely late for a table that is none of ours. */
function dayOfPartition(name: string): number {
  const [, year, month, day] = PARTITION_NAME.exec(name) ?? [];
  return year === undefined ? Infinity : Date.UTC(Number(year), Number(month) - 1, Number(day)) / DAY_MS;
}

function startOf(day: number): string {
  return new Date(day * DAY_MS).toISOString();
}
