import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { hashToken } from '@postduif/access';
import { SCOPES } from '@postduif/contracts';
import type { Database } from '../database/database.js';
import { openDatabase, TestDatabase } from '../testing/test-database.js';
import { AccountStore } from './account-store.js';

jest.setTimeout(30_000);

describe('accounts in PostgreSQL', () => {
  let test: TestDatabase;
  let database: Database;
  let store: AccountStore;

  beforeAll(async () => {
    test = await TestDatabase.create();
    database = await openDatabase(test.url);
    store = new AccountStore(database);
  });
  afterAll(async () => {
    await database.close();
    await test.drop();
  });
  beforeEach(async () => {
    await test.query('TRUNCATE config.accounts, config.api_tokens, config.outbox CASCADE');
  });

  const first = { account: '1234', name: 'Bakkerij Jansen', token: 'pd_first-token' };
  const published = async () =>
    (await test.query<{ snapshot: string }>('SELECT snapshot FROM config.outbox ORDER BY id')).map(
      ({ snapshot }) => JSON.parse(snapshot) as Record<string, unknown> & { tokens: { hash: string }[] },
    );

  it('given nothing, makes the account and its token with all scopes, and publishes them', async () => {
    expect(await store.bootstrap(first)).toBe(true);
    expect(await store.accessOf(first.token)).toMatchObject({ account: '1234', scopes: SCOPES });
    expect(await store.accessOf('pd_other')).toBeUndefined();
    expect(await store.copernicaId('1234')).toBe('account_1234');
    expect(await published()).toMatchObject([
      { kind: 'account', id: '1234', version: 1, copernicaId: 'account_1234', tokens: [{ scopes: SCOPES }] },
    ]);
  });

  it('keeps only the hash of a token, in each table', async () => {
    await store.bootstrap(first);
    for (const table of ['accounts', 'api_tokens', 'outbox']) {
      const rows = JSON.stringify(await test.query(`SELECT * FROM config.${table}`));
      expect(rows).not.toContain(first.token);
    }
    expect((await published())[0]?.tokens.map(({ hash }) => hash)).toEqual([hashToken(first.token)]);
  });

  it('given the same once more, changes and publishes nothing', async () => {
    await store.bootstrap(first);
    expect(await store.bootstrap(first)).toBe(false);
    expect(await published()).toHaveLength(1);
  });

  it('given instances that start at once, makes one account and one token', async () => {
    await Promise.all([store.bootstrap(first), store.bootstrap(first), store.bootstrap(first)]);
    expect(await test.query('SELECT FROM config.api_tokens')).toHaveLength(1);
    expect(await published()).toHaveLength(1);
  });

  it('given another token for the account, adds it in a new version', async () => {
    await store.bootstrap(first);
    expect(await store.bootstrap({ ...first, token: 'pd_second-token' })).toBe(true);
    const [, second] = await published();
    expect(second).toMatchObject({ version: 2 });
    expect(second?.tokens).toHaveLength(2);
    for (const token of ['pd_first-token', 'pd_second-token'])
      expect(await store.accessOf(token)).toMatchObject({ account: '1234' });
  });

  it('given its token from before there were more scopes, gives it all of them', async () => {
    await store.bootstrap(first);
    await test.query(`UPDATE config.api_tokens SET scopes = '{events:write}'`);
    expect(await store.bootstrap(first)).toBe(true);
    expect(await store.accessOf(first.token)).toMatchObject({ scopes: SCOPES });
    expect((await published()).at(-1)).toMatchObject({ version: 2, tokens: [{ scopes: SCOPES }] });
  });

  it("given a token that is another account's, refuses and makes nothing", async () => {
    await store.bootstrap(first);
    await expect(store.bootstrap({ ...first, account: '5678' })).rejects.toThrow(/belongs to another account/);
    expect(await test.query('SELECT FROM config.accounts')).toHaveLength(1);
  });

  it('gives the present state of all accounts, in the order of their ids', async () => {
    await test.query(
      `INSERT INTO config.accounts (id, name, copernica_id) SELECT 'a' || n, 'n', 'account_' || n FROM generate_series(1, 1200) n`,
    );
    const ids: string[] = [];
    for await (const part of store.snapshots()) ids.push(...part.map(({ key }) => key));
    expect(ids).toHaveLength(1_200);
    expect(ids).toEqual(ids.toSorted());
    expect(ids).toContain('account/a1200');
  });

  it('given that PostgreSQL is away, says so and not that the token is wrong; then it goes on', async () => {
    await store.bootstrap(first);
    await test.takeAway();
    await expect(store.accessOf(first.token)).rejects.toMatchObject({ code: 'store_unavailable', status: 503 });
    await test.giveBack();
    expect(await store.accessOf(first.token)).toMatchObject({ account: '1234' });
  });
});
