import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { AccountStore } from '../accounts/account-store.js';
import type { Database } from '../database/database.js';
import { openDatabase, TestDatabase } from '../testing/test-database.js';
import type { Mention } from './mentions.js';
import { findName, insertMentions, insertName, listNames, putName } from './name-rows.js';
import type { NameKind, Place } from './name-rows.js';

jest.setTimeout(30_000);

const account = '1234';
const database = { account, kind: 'database', place: '' } as const;
const fields = { account, kind: 'field', place: 'database/1' } as const;

describe('names in PostgreSQL', () => {
  let test: TestDatabase;
  let store: Database;

  beforeAll(async () => {
    test = await TestDatabase.create();
    store = await openDatabase(test.url);
    for (const [id, token] of Object.entries({ 1234: 'pd_first-token', 5678: 'pd_second-token' }))
      await new AccountStore(store).bootstrap({ account: id, name: id, token });
  });
  afterAll(async () => {
    await store.close();
    await test.drop();
  });
  beforeEach(async () => {
    await test.query('TRUNCATE config.names');
  });

  const all = async (kind: NameKind, place: Place) =>
    (await listNames(store, { account, kind, place }, { start: 0, limit: 1_000 })).map(({ name }) => name);
  const field = (name: string): Mention => ({ ...fields, name });

  it('given ids that producers have given out, gives out others', async () => {
    const [next] = await test.query<{ id: string }>(`SELECT nextval('config.name_ids') + 1 AS id`);
    const taken = Number(next?.id);
    await insertMentions(store, [{ ...database, id: taken }], 10);
    expect(await insertName(store, database, { name: 'Klanten' })).toMatchObject({ id: String(taken + 1) });
  });

  it('given the same ids in two accounts, keeps them apart', async () => {
    await putName(store, database, { id: 1, name: 'Klanten' });
    await putName(store, { ...database, account: '5678' }, { id: 1, name: 'Patients' });
    expect(await findName(store, { ...database, id: 1 })).toMatchObject({ name: 'Klanten' });
  });

  it('given mentions of what is there, changes nothing; but a group that was not known is noted, once', async () => {
    await putName(store, database, { id: 1, name: 'Klanten' });
    const interest: Mention = { account, kind: 'interest', place: 'database/1', name: 'red' };
    await insertMentions(store, [{ ...database, id: 1 }, field('mail'), interest], 10);
    await insertMentions(store, [{ ...database, id: 1 }, field('mail'), { ...interest, group: 'wine' }], 10);
    await insertMentions(store, [{ ...interest, group: 'colours' }], 10);
    expect(await all('database', '')).toEqual(['Klanten']);
    expect(await all('field', 'database/1')).toEqual(['mail']);
    const [row] = await listNames(store, { ...interest, kind: 'interest' }, { start: 0, limit: 10 });
    expect(row).toMatchObject({ name: 'red', group: 'wine' });
  });

  it('given more mentions than there is room for, takes as many as there is, also when most are there already', async () => {
    await insertMentions(store, ['a', 'b', 'c'].map(field), 5);
    await insertMentions(store, ['a', 'b', 'c', 'd'].map(field), 5);
    await insertMentions(store, ['e', 'f', 'g'].map(field), 5);
    expect((await all('field', 'database/1')).toSorted()).toEqual([
      'a',
      'b',
      'c',
      'd',
      expect.stringMatching(/^[efg]$/),
    ]);
    await insertMentions(store, [{ ...fields, place: 'database/2', name: 'a' }], 5);
    expect(await all('field', 'database/2')).toEqual(['a']);
  });

  it('given mentions of an account that is gone, takes the others', async () => {
    await insertMentions(
      store,
      [
        { ...database, account: 'gone', id: 1 },
        { ...database, id: 2 },
      ],
      10,
    );
    expect(await test.query('SELECT account, id::int FROM config.names')).toEqual([{ account, id: 2 }]);
  });

  it('given a collection of another database, does not move it', async () => {
    const list = { account, kind: 'collection', place: 'database/1' } as const;
    expect(await putName(store, list, { id: 5, name: 'Orders' })).toMatchObject({ isNew: true, version: 1 });
    expect(await putName(store, list, { id: 5, name: 'Bestellingen' })).toMatchObject({ isNew: false, version: 2 });
    expect(await putName(store, { ...list, place: 'database/2' }, { id: 5, name: 'x' })).toBeUndefined();
    expect(await all('collection', 'database/1')).toEqual(['Bestellingen']);
  });
});
