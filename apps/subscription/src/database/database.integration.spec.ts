import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { silent, TestDatabase } from '../testing/test-database.js';
import { Database } from './database.js';
import { migrate } from './migrate.js';

jest.setTimeout(30_000);

describe('the database of configuration', () => {
  let test: TestDatabase;

  beforeAll(async () => {
    test = await TestDatabase.create();
  });
  afterAll(async () => {
    await test.drop();
  });

  it('given instances that start at once, is migrated once, and keeps what is in it at the next start', async () => {
    await Promise.all([migrate(test.url), migrate(test.url), migrate(test.url)]);
    const done = await test.query<{ name: string }>('SELECT name FROM config.migrations ORDER BY id');
    expect(new Set(done.map(({ name }) => name)).size).toBe(done.length);
    await test.query(`INSERT INTO config.accounts (id, name, copernica_id) VALUES ('1', 'one', 'x')`);
    await migrate(test.url);
    expect(await test.query('SELECT id FROM config.accounts')).toEqual([{ id: '1' }]);
    expect(await test.query('SELECT name FROM config.migrations ORDER BY id')).toEqual(done);
  });

  it('given webhooks from before secrets rotated, signatures were chosen and receivers agreed, keeps them as they were', async () => {
    const file = `'f', 'l'`;
    await test.query(`ALTER TABLE config.webhooks DROP COLUMN secret_ends, DROP COLUMN signature,
      DROP COLUMN origin, DROP COLUMN consent_at, DROP COLUMN consent_rate`);
    await test.query(`DELETE FROM config.migrations WHERE "timestamp" BETWEEN 1764610000000 AND 1764690000000`);
    await test.query(
      `INSERT INTO config.webhooks (account, handler, trigger, format, schedule, concurrency, state, validated, verification_name,
         verification_line, secrets) VALUES ('1', 'https://a.example/', 'a.b', 'json', '{5}', 1, 'enabled', true, ${file}, '{sealed}')`,
    );
    await migrate(test.url);
    expect(await test.query('SELECT secrets, secret_ends, signature, origin, consent_at FROM config.webhooks')).toEqual(
      [{ secrets: ['sealed'], secret_ends: [], signature: 'v1', origin: null, consent_at: null }],
    );
  });

  it('given that PostgreSQL is away, waits for it and refuses with 503; then it goes on', async () => {
    await test.takeAway();
    const database = new Database(test.url, silent);
    const opening = database.open();
    expect(database.ready()).not.toBe(true);
    expect(() => {
      database.requireOpen();
    }).toThrow(expect.objectContaining({ code: 'store_unavailable', status: 503 }));
    await expect(database.query('SELECT 1')).rejects.toMatchObject({ code: 'store_unavailable' });
    await expect(database.transaction(() => Promise.resolve())).rejects.toMatchObject({ code: 'store_unavailable' });
    await test.giveBack();
    await opening;
    expect(database.ready()).toBe(true);
    expect(await database.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await database.close();
  });

  it('given that it is closed while PostgreSQL is away, waits no longer', async () => {
    await test.takeAway();
    const database = new Database(test.url, silent);
    const opening = database.open();
    await database.close();
    await opening;
    expect(database.ready()).not.toBe(true);
    await test.giveBack();
  });

  it('given work that fails, undoes all of it, and shows a mistake as one', async () => {
    const database = new Database(test.url, silent);
    await database.open();
    const work = database.transaction(async (queries) => {
      await queries.query(`INSERT INTO config.accounts (id, name, copernica_id) VALUES ('2', 'two', 'x')`);
      await queries.query(`INSERT INTO config.accounts (id, name, copernica_id) VALUES ('2', 'two', 'x')`);
    });
    await expect(work).rejects.toMatchObject({ code: '23505' });
    expect(await database.query(`SELECT FROM config.accounts WHERE id = '2'`)).toEqual([]);
    await database.close();
  });
});
