import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ApiError } from '@postduif/contracts';
import { parseEncryptionKeys } from '@postduif/signing';
import type { Database } from '../database/database.js';
import { openDatabase, TestDatabase } from '../testing/test-database.js';
import { IdempotencyKeys } from './idempotency-keys.js';
import type { Answer } from './idempotency-keys.js';

jest.setTimeout(30_000);

const REQUEST = { account: '1', token: 't', key: 'k', method: 'POST', path: '/v1/things', body: { name: 'a' } };

describe('idempotency keys', () => {
  let test: TestDatabase;
  let database: Database;
  let keys: IdempotencyKeys;

  beforeAll(async () => {
    test = await TestDatabase.create();
    database = await openDatabase(test.url);
    keys = new IdempotencyKeys(database, parseEncryptionKeys(randomBytes(32).toString('base64')));
  });
  afterAll(async () => {
    await database.close();
    await test.drop();
  });
  beforeEach(async () => {
    await test.query('TRUNCATE config.accounts, config.idempotency_keys CASCADE');
    await test.query(
      `INSERT INTO config.accounts (id, name, copernica_id) VALUES ('1', 'one', 'x'), ('2', 'two', 'y')`,
    );
  });

  /** Makes a name, in a transaction of its own as it thinks. */
  const make =
    (name: string): (() => Promise<Answer>) =>
    () =>
      database.transaction(async (transaction) => {
        await transaction.query(
          `INSERT INTO config.names (account, kind, place, id, name) VALUES ('1', 'database', '', nextval('config.name_ids'), $1)`,
          [name],
        );
        return { status: 201, headers: { location: `/${name}` }, body: { secret: `secret-of-${name}` } };
      });
  const made = async () =>
    (await test.query<{ name: string }>('SELECT name FROM config.names ORDER BY name')).map(({ name }) => name);

  it('given the same request again, answer it as the first time, and make nothing', async () => {
    const first = await keys.once(REQUEST, make('a'));
    const again = await keys.once(REQUEST, make('b'));
    expect([first.repeated, again]).toEqual([false, { answer: first.answer, repeated: true }]);
    expect(await made()).toEqual(['a']);
    expect(JSON.stringify(await test.query('SELECT * FROM config.idempotency_keys'))).not.toContain('secret-of-a');
  });

  it.each([
    ['body', { body: { name: 'b' } }],
    ['path', { path: '/v1/others' }],
    ['method', { method: 'PUT' }],
  ])('given another %s, refuse it', async (_part, other) => {
    await keys.once(REQUEST, make('a'));
    const reused = keys.once({ ...REQUEST, ...other }, make('b'));
    await expect(reused).rejects.toMatchObject({ code: 'idempotency_key_reused', status: 422 });
    expect(await made()).toEqual(['a']);
  });

  it.each([
    ['account', { account: '2' }],
    ['token', { token: 'u' }],
  ])("know nothing of another %s's", async (_of, other) => {
    await keys.once(REQUEST, make('a'));
    expect((await keys.once({ ...REQUEST, ...other }, make('b'))).repeated).toBe(false);
  });

  it('given the same key while the first request is under way, refuse it for now', async () => {
    const { promise: mayGoOn, resolve: goOn } = Promise.withResolvers<undefined>();
    const { promise: underWay, resolve: begun } = Promise.withResolvers<undefined>();
    const first = keys.once(REQUEST, async () => {
      const answer = await make('a')();
      begun(undefined);
      await mayGoOn;
      return answer;
    });
    await underWay;
    await expect(keys.once(REQUEST, make('b'))).rejects.toMatchObject({ code: 'idempotency_key_in_use', status: 409 });
    goOn(undefined);
    await first;
    expect((await keys.once(REQUEST, make('c'))).repeated).toBe(true);
    expect(await made()).toEqual(['a']);
  });

  it('given that the request fails after its change, keep neither the change nor the key', async () => {
    const failing = keys.once(REQUEST, async () => {
      await make('a')();
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(await made()).toEqual([]);
    expect((await keys.once({ ...REQUEST, body: {} }, make('b'))).repeated).toBe(false);
  });

  it('given that the request is refused, let the key be used again as soon as that is answered', async () => {
    const refusal = new ApiError('invalid_request');
    for (let count = 0; count < 20; count++)
      await expect(keys.once(REQUEST, () => Promise.reject(refusal))).rejects.toBe(refusal);
    expect((await keys.once(REQUEST, make('a'))).repeated).toBe(false);
  });

  it('given that the connection is cut before the end, keep neither, and let the key be used again', async () => {
    const cut = keys.once(REQUEST, async () => {
      const answer = await make('a')();
      await test.takeAway();
      await test.giveBack();
      return answer;
    });
    await expect(cut).rejects.toMatchObject({ code: 'store_unavailable' });
    expect(await made()).toEqual([]);
    expect((await keys.once(REQUEST, make('b'))).repeated).toBe(false);
    expect(await made()).toEqual(['b']);
  });

  it('are forgotten after a day', async () => {
    await keys.once(REQUEST, make('a'));
    await keys.prune();
    expect(await test.query('SELECT FROM config.idempotency_keys')).toHaveLength(1);
    await test.query(`UPDATE config.idempotency_keys SET created_at = now() - interval '25 hours'`);
    expect((await keys.once({ ...REQUEST, body: {} }, make('b'))).repeated).toBe(false);
    await test.query(`UPDATE config.idempotency_keys SET created_at = now() - interval '25 hours'`);
    await keys.prune();
    expect(await test.query('SELECT FROM config.idempotency_keys')).toEqual([]);
  });
});
