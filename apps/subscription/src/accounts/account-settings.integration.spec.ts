import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { Database } from '../database/database.js';
import { openDatabase, silent, TestDatabase } from '../testing/test-database.js';
import { AccountSettings } from './account-settings.js';
import { AccountStore } from './account-store.js';

jest.setTimeout(30_000);

const CALLER = { account: '1234', token: 't', scopes: [] };

describe('the settings of an account', () => {
  let test: TestDatabase;
  let database: Database;
  let settings: AccountSettings;

  beforeAll(async () => {
    test = await TestDatabase.create();
    database = await openDatabase(test.url);
    await new AccountStore(database).bootstrap({ account: '1234', name: 'Bakkerij Jansen', token: 'pd_first-token' });
    settings = new AccountSettings(database, silent);
  });
  afterAll(async () => {
    await database.close();
    await test.drop();
  });

  it('begin with the form that Copernica uses', async () => {
    expect(await settings.view(CALLER)).toEqual({
      ...{ id: '1234', name: 'Bakkerij Jansen' },
      copernicaId: { prefix: 'account', separator: '_', value: 'account_1234' },
    });
  });

  it('change in part, and are published with each change', async () => {
    const copernicaId = { prefix: 'environment', separator: '_' } as const;
    const value = { ...copernicaId, value: 'environment_1234' };
    expect(await settings.change(CALLER, { copernicaId })).toMatchObject({
      name: 'Bakkerij Jansen',
      copernicaId: value,
    });
    expect(await settings.change(CALLER, { name: 'Jansen' })).toMatchObject({ name: 'Jansen', copernicaId: value });
    expect(await settings.view(CALLER)).toEqual({ id: '1234', name: 'Jansen', copernicaId: value });
    const entries = await test.query<{ snapshot: string }>('SELECT snapshot FROM config.outbox ORDER BY id');
    expect(entries.map(({ snapshot }) => JSON.parse(snapshot) as object)).toMatchObject([
      { version: 1, copernicaId: 'account_1234' },
      { version: 2, copernicaId: 'environment_1234', tokens: [{ scopes: expect.any(Array) }] },
      { version: 3, copernicaId: 'environment_1234', name: 'Jansen' },
    ]);
  });

  it('of an account that does not exist are not found', async () => {
    const nobody = { ...CALLER, account: 'x' };
    await expect(settings.view(nobody)).rejects.toMatchObject({ code: 'not_found' });
    await expect(settings.change(nobody, {})).rejects.toMatchObject({ code: 'not_found' });
  });
});
