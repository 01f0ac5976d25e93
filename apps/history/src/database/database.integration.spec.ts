import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { ingestionOf } from '../testing/ingestion.js';
import { eventOf, recordOf } from '../testing/records.js';
import { TcpSwitch } from '../testing/tcp-switch.js';
import { createTestDatabase, openDatabase, silent } from '../testing/test-database.js';
import type { TestDatabase } from '../testing/test-database.js';
import { waitUntil } from '../testing/wait-until.js';
import { Database } from './database.js';
import { MIGRATIONS } from './migrate.js';

const EVENTS_0 = { topic: 'events', partition: 0 };

jest.setTimeout(60_000);

describe('Database', () => {
  let test: TestDatabase;
  let connection: TcpSwitch;
  let url: string;

  beforeAll(async () => {
    test = await createTestDatabase();
    const direct = new URL(test.url);
    connection = new TcpSwitch(direct.hostname, Number(direct.port || 5432));
    await connection.on();
    direct.hostname = '127.0.0.1';
    direct.port = String(connection.port);
    url = direct.href;
  });
  afterAll(async () => {
    await connection.off();
    await test.drop();
  });

  it('given several instances that start at once on an empty database, migrates it once', async () => {
    const instances = await Promise.all([1, 2, 3].map(() => openDatabase(url)));
    expect(await test.query('SELECT name FROM history.migrations')).toHaveLength(MIGRATIONS.length);
    for (const instance of instances) await instance.close();
  });

  it('given no PostgreSQL at the start, is not ready, answers reads with 503, and opens when it comes', async () => {
    await connection.off();
    const database = new Database(url, silent);
    const opened = database.open();
    expect(database.ready()).not.toBe(true);
    await expect(database.read('SELECT 1', [])).rejects.toMatchObject({
      code: 'store_unavailable',
      options: { retryAfterSeconds: 5 },
    });
    await connection.on();
    await opened;
    expect(database.ready()).toBe(true);
    await database.close();
  });

  it('when it is closed while it waits for PostgreSQL, stops waiting', async () => {
    await connection.off();
    const database = new Database(url, silent);
    const opened = database.open();
    await database.close();
    await opened;
    await connection.on();
  });

  it('when PostgreSQL goes away under load and comes back, stores everything once and is ready again', async () => {
    const database = await openDatabase(url);
    const { writer, observed } = ingestionOf(database);
    await writer.assign([EVENTS_0]);
    let offset = 0;
    const add = (count: number): void => {
      for (const end = offset + count; offset < end; offset++)
        writer.add(recordOf({ topic: 'events', offset }, eventOf({ id: `e${offset}` })));
    };
    for (let round = 0; round < 2; round++) {
      add(5_000);
      await waitUntil(() => observed.stored > round * 10_000, 'something is stored');
      await connection.off();
      add(5_000);
      await waitUntil(() => database.ready() !== true, 'it is not ready');
      await expect(database.read('SELECT 1', [])).rejects.toMatchObject({ code: 'store_unavailable' });
      await connection.on();
      await waitUntil(() => database.ready() === true && writer.queued === 0, 'it has caught up');
    }
    await writer.stop();
    const [rows] = await test.query<{ n: number; distinct: number }>(
      'SELECT count(*)::int AS n, count(DISTINCT kafka_offset)::int AS distinct FROM history.events',
    );
    expect(rows).toEqual({ n: 20_000, distinct: 20_000 });
    await database.close();
  });
});
