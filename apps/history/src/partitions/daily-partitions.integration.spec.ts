import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { Database } from '../database/database.js';
import { createTestDatabase, openDatabase, silent } from '../testing/test-database.js';
import type { TestDatabase } from '../testing/test-database.js';
import { DailyPartitions } from './daily-partitions.js';
import { PartitionRotation } from './partition-rotation.js';
import { DAY_MS, RetentionWindow } from './retention-window.js';

const NAMES = `SELECT relname AS name FROM pg_inherits JOIN pg_class ON oid = inhrelid
  WHERE inhparent IN ('history.events'::regclass, 'history.attempts'::regclass) ORDER BY 1`;

jest.setTimeout(60_000);

describe('daily partitions', () => {
  let test: TestDatabase;
  let database: Database;

  beforeAll(async () => {
    test = await createTestDatabase();
    database = await openDatabase(test.url);
  });
  afterAll(async () => {
    await database.close();
    await test.drop();
  });

  const names = async (): Promise<string[]> => (await test.query<{ name: string }>(NAMES)).map(({ name }) => name);

  it('given several instances that make the same days at once, makes each once, with its indexes', async () => {
    const days = [20_000, 20_001, 20_002];
    await Promise.all([1, 2, 3, 4].map(() => new DailyPartitions(database.writes).ensure(days)));
    expect((await names()).length).toBe(6);
    const indexes = await test.query<{ n: number }>(
      `SELECT count(*)::int AS n FROM pg_indexes WHERE tablename = 'events_20241004'`,
    );
    const parents = await test.query<{ n: number }>(
      `SELECT count(*)::int AS n FROM pg_indexes WHERE tablename = 'events'`,
    );
    expect(indexes).toEqual(parents);
    await new DailyPartitions(database.writes).dropBefore(30_000);
    expect(await names()).toEqual([]);
  });

  it('as days go by, makes the coming ones and drops those past retention', async () => {
    let now = Date.UTC(2026, 0, 15, 23, 59);
    const rotation = new PartitionRotation(
      database.writes,
      new DailyPartitions(database.writes),
      new RetentionWindow(2, () => now),
      silent,
    );
    await rotation.rotate();
    expect(await names()).toEqual(
      ['attempts', 'events'].flatMap((table) => [15, 16, 17].map((day) => `${table}_202601${day}`)),
    );
    now += 3 * DAY_MS;
    await rotation.rotate();
    expect(await names()).toEqual(
      ['attempts', 'events'].flatMap((table) => [16, 17, 18, 19, 20].map((day) => `${table}_202601${day}`)),
    );
  });

  it('while a long read holds a table that is to be dropped, gives up and does it the next time', async () => {
    const partitions = new DailyPartitions(database.writes);
    await partitions.ensure([10_000]);
    const reader = await database.writes.connect();
    try {
      await reader.query('BEGIN');
      await reader.query('SELECT count(*) FROM history.events');
      await expect(partitions.dropBefore(10_001)).rejects.toMatchObject({ code: '55P03' });
      await reader.query('COMMIT');
    } finally {
      reader.release();
    }
    expect(await partitions.dropBefore(10_001)).toContain('events_19970519');
  });
});
