import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Client } from 'pg';
import type { Database } from '../database/database.js';
import { ingestionOf } from '../testing/ingestion.js';
import { eventOf, recordOf } from '../testing/records.js';
import { createTestDatabase, openDatabase } from '../testing/test-database.js';
import type { TestDatabase } from '../testing/test-database.js';
import { EventCounter } from './event-counter.js';

jest.setTimeout(60_000);

const DAY_MS = 24 * 60 * 60 * 1_000;
const NOW = Date.now();
const ACCOUNT = '1234';

describe('the counts of events', () => {
  let test: TestDatabase;
  let database: Database;
  let offset = 0;

  beforeAll(async () => {
    test = await createTestDatabase();
    database = await openDatabase(test.url);
  });
  afterAll(async () => {
    await database.close();
    await test.drop();
  });

  async function store(events: Record<string, unknown>[], at: (index: number) => number): Promise<void> {
    const { writer } = ingestionOf(database);
    await writer.assign([{ topic: 'events', partition: 0 }]);
    events.forEach((event, index) => {
      const place = { topic: 'events', offset: ++offset, timestamp: at(index) };
      writer.add(recordOf(place, event, { 'accepted-at': String(at(index)) }));
    });
    await writer.stop();
  }
  const eventsOf = (count: number, given: object): Record<string, unknown>[] =>
    Array.from({ length: count }, (_, index) => eventOf({ id: `${JSON.stringify(given)}-${index}`, ...given }));
  const counter = (most?: number): EventCounter => new EventCounter(database, () => NOW, most);

  it('are those of each of the last seven times 24 hours, the oldest first', async () => {
    const ages = [0, 1_000, DAY_MS - 1, DAY_MS, 3 * DAY_MS + 5, 7 * DAY_MS - 1, 7 * DAY_MS, 9 * DAY_MS, -60_000];
    await store(eventsOf(ages.length, { type: 'by.day' }), (index) => NOW - (ages[index] ?? 0));
    const { days, ...whole } = await counter().lastWeek(ACCOUNT, { type: 'by.day' });
    expect(days.map(({ events }) => events)).toEqual([1, 0, 0, 1, 0, 1, 3]);
    const at = (ago: number): string => new Date(NOW - ago * DAY_MS).toISOString();
    expect(whole).toEqual({ from: at(7), to: at(0), total: 6, complete: true });
    expect([days[0]?.from, days[0]?.to, days[6]?.from, days[6]?.to]).toEqual([at(7), at(6), at(1), at(0)]);
  });

  it('are those of the database and the collection that are asked for, and of no other account', async () => {
    const places = [{ database: 7 }, { database: 7, collection: 8 }, { database: 9, collection: 8 }, {}];
    for (const place of places) await store(eventsOf(2, { type: 'by.place', ...place }), () => NOW - 1_000);
    await store(eventsOf(5, { type: 'by.place', account: '5678' }), () => NOW - 1_000);
    const totals = [{}, { database: 7 }, { collection: 8 }, { database: 7, collection: 8 }, { database: 1 }].map(
      async (place) => (await counter().lastWeek(ACCOUNT, { type: 'by.place', ...place })).total,
    );
    expect(await Promise.all(totals)).toEqual([8, 4, 4, 2, 0]);
  });

  it('given more than are counted, are those of the newest, and say so', async () => {
    await store(eventsOf(10, { type: 'too.many' }), (index) => NOW - index * (DAY_MS / 2) - 1);
    const { total, complete, days } = await counter(4).lastWeek(ACCOUNT, { type: 'too.many' });
    expect([total, complete, days.map(({ events }) => events)]).toEqual([4, false, [0, 0, 0, 0, 0, 2, 2]]);
  });

  it('need nothing but an index', async () => {
    await test.query('VACUUM ANALYZE history.events');
    const client = new Client({ connectionString: test.url });
    await client.connect();
    // Few rows are read faster as they are.
    await client.query('SET enable_seqscan = off');
    await client.query('SET enable_bitmapscan = off');
    let plan = '';
    const explaining = {
      read: async (text: string, values: readonly unknown[]) => {
        const { rows } = await client.query<Record<string, string>>(`EXPLAIN (COSTS off) ${text}`, [...values]);
        plan = rows.flatMap((row) => Object.values(row)).join('\n');
        return [];
      },
    };
    const counted = { type: 'by.place', database: 7, collection: 8 };
    await new EventCounter(explaining, () => NOW).lastWeek(ACCOUNT, counted);
    await client.end();
    expect(plan).toMatch(/Index Only Scan/);
    expect(plan).not.toMatch(/(Seq|Index|Bitmap Heap) Scan/);
  });
});
