import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { parseEncryptionKeys } from '@postduif/signing';
import type { Database } from '../database/database.js';
import { openDatabase, silent, TestDatabase } from '../testing/test-database.js';
import { TrustedHosts } from '../webhooks/trusted-hosts.js';
import { Webhooks } from '../webhooks/webhooks.js';
import { AccountSettings } from './account-settings.js';
import { AccountStore } from './account-store.js';

jest.setTimeout(30_000);

const DEFAULTS = { schedule: [5, 60, 300, 1_800, 7_200, 21_600, 54_000], concurrency: 10, rate: null };
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
      webhookDefaults: DEFAULTS,
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
    expect(await settings.view(CALLER)).toEqual({
      ...{ id: '1234', name: 'Jansen', copernicaId: value },
      webhookDefaults: DEFAULTS,
    });
    const entries = await test.query<{ snapshot: string }>('SELECT snapshot FROM config.outbox ORDER BY id');
    expect(entries.map(({ snapshot }) => JSON.parse(snapshot) as object)).toMatchObject([
      { version: 1, copernicaId: 'account_1234' },
      { version: 2, copernicaId: 'environment_1234', tokens: [{ scopes: expect.any(Array) }] },
      { version: 3, copernicaId: 'environment_1234', name: 'Jansen' },
    ]);
  });

  it('say what webhooks get that say nothing of it themselves', async () => {
    const keys = parseEncryptionKeys(Buffer.alloc(32, 1).toString('base64'));
    const webhooks = new Webhooks(database, keys, new TrustedHosts([]), silent, 'us.example');
    const create = (given: object) =>
      webhooks.create(CALLER, { handler: 'https://example.org/', trigger: 'click', ...given });
    const before = await create({});
    expect(before).toMatchObject(DEFAULTS);

    const chosen = { schedule: [10], concurrency: 3, rate: 5 };
    expect(await settings.change(CALLER, { webhookDefaults: chosen })).toMatchObject({ webhookDefaults: chosen });
    expect(await create({})).toMatchObject(chosen);
    const own = { schedule: [], concurrency: 20, rate: null };
    expect(await create(own)).toMatchObject(own);
    expect(await webhooks.get(CALLER, before.id)).toMatchObject(DEFAULTS);
    expect(await webhooks.change(CALLER, before.id, { schedule: null })).toMatchObject({ ...DEFAULTS, schedule: [10] });

    const partly = { schedule: null, rate: 7 };
    expect(await settings.change(CALLER, { webhookDefaults: partly })).toMatchObject({
      webhookDefaults: { ...DEFAULTS, concurrency: 3, rate: 7 },
    });
    await expect(settings.change(CALLER, { webhookDefaults: { schedule: [0] } })).rejects.toMatchObject({
      ...{ code: 'invalid_request', message: expect.stringContaining('webhookDefaults.schedule') },
    });
    await settings.change(CALLER, { webhookDefaults: { concurrency: null, rate: null } });
    expect(await settings.view(CALLER)).toMatchObject({ webhookDefaults: DEFAULTS });
  });

  it('of an account that does not exist are not found', async () => {
    const nobody = { ...CALLER, account: 'x' };
    await expect(settings.view(nobody)).rejects.toMatchObject({ code: 'not_found' });
    await expect(settings.change(nobody, {})).rejects.toMatchObject({ code: 'not_found' });
  });
});
