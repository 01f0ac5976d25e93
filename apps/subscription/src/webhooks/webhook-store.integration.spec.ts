import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Database } from '../database/database.js';
import { openDatabase, TestDatabase } from '../testing/test-database.js';
import { DEFAULT_PACE } from './pace.js';
import { changedWebhook, newWebhook, toSnapshot } from './webhook.js';
import type { Webhook } from './webhook.js';
import {
  countWebhooks,
  deleteWebhook,
  findWebhook,
  listWebhooks,
  lockEnabledSince,
  lockWithEndedSecrets,
  nextWebhookId,
  saveWebhook,
  webhookSnapshots,
} from './webhook-store.js';

jest.setTimeout(30_000);

const now = new Date('2026-01-15T10:20:30Z');
const around = {
  trusts: () => false,
  newSecret: (id: string) => `sealed-${id}`,
  now,
  origin: 'us.example',
  pace: DEFAULT_PACE,
};
const handler = 'https://hooks.example.org/dir/hook?x=%2F';

describe('webhooks in PostgreSQL', () => {
  let test: TestDatabase;
  let database: Database;

  beforeAll(async () => {
    test = await TestDatabase.create();
    database = await openDatabase(test.url);
    await test.query(
      `INSERT INTO config.accounts (id, name, copernica_id) VALUES ('1', 'one', 'x'), ('2', 'two', 'y')`,
    );
  });
  afterAll(async () => {
    await database.close();
    await test.drop();
  });
  beforeEach(async () => {
    await test.query('TRUNCATE config.webhooks, config.outbox RESTART IDENTITY');
  });

  async function created(given: Partial<Parameters<typeof newWebhook>[2]> = {}, account = '1'): Promise<Webhook> {
    return database.transaction(async (transaction) => {
      const id = await nextWebhookId(transaction);
      const webhook = newWebhook(id, account, { handler, trigger: 'click', ...given }, around);
      await saveWebhook(transaction, webhook);
      return webhook;
    });
  }

  const outbox = () =>
    test.query<{ key: string; snapshot: string | null; version: number }>(
      'SELECT key, snapshot, version FROM config.outbox ORDER BY id',
    );

  it('given every property, reads back what was stored, and publishes it in the same transaction', async () => {
    const webhook = await created({
      ...{ trigger: 'order.paid', callers: ['ms', 'rest'], database: 2 ** 53 - 1, collection: 7, fields: ['a b', 'ü'] },
      ...{ schedule: [1, 604_000], concurrency: 200, rate: 0.25, shards: 32, state: 'disabled' },
      ...{ format: 'json', signature: 'v1a' },
    });
    expect(await findWebhook(database, { id: webhook.id })).toEqual(webhook);
    const [entry] = await outbox();
    expect([entry?.key, entry?.version]).toEqual(['webhook/1', 1]);
    expect(JSON.parse(entry?.snapshot ?? '')).toEqual(toSnapshot(webhook));
  });

  it('given a receiver of CloudEvents that has agreed, reads back when and to what', async () => {
    const webhook = await created({ trigger: 'order.paid', format: 'cloudevents' });
    expect(await findWebhook(database, { id: webhook.id })).toMatchObject({ origin: 'us.example', consent: null });
    for (const rate of [60, null]) {
      const agreed = { ...webhook, validated: true, consent: { at: new Date('2026-01-15T12:00:00.123Z'), rate } };
      await database.transaction((transaction) => saveWebhook(transaction, agreed));
      expect(await findWebhook(database, { id: webhook.id })).toEqual(agreed);
    }
  });

  it('given secrets that are rotating, reads back which end when, and finds them when they have ended', async () => {
    const webhook = await created({ trigger: 'order.paid' });
    const secretEnds = [new Date('2026-01-16T12:00:00.123Z'), new Date('2026-01-15T12:00:00Z')];
    const rotating = { ...webhook, secrets: ['c', 'b', 'a'], secretEnds };
    await database.transaction((transaction) => saveWebhook(transaction, rotating));
    await created({ trigger: 'order.paid' });
    expect(await findWebhook(database, { id: webhook.id })).toEqual(rotating);
    expect(JSON.parse((await outbox())[1]?.snapshot ?? '')).toMatchObject({
      secretEnds: ['2026-01-16T12:00:00.123Z', '2026-01-15T12:00:00.000Z'],
    });
    const ended = (at: string) =>
      database.transaction(async (transaction) =>
        (await lockWithEndedSecrets(transaction, new Date(at))).map(({ id }) => id),
      );
    expect(await ended('2026-01-15T11:59:59.999Z')).toEqual([]);
    expect(await ended('2026-01-15T12:00:00Z')).toEqual([webhook.id]);
  });

  it('given a change that fails, stores and publishes nothing of it', async () => {
    const webhook = await created();
    const failing = database.transaction(async (transaction) => {
      await saveWebhook(transaction, changedWebhook(webhook, { trigger: 'open' }, around));
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(await findWebhook(database, { id: webhook.id })).toEqual(webhook);
    expect(await outbox()).toHaveLength(1);
  });

  it('given changes at once, makes a version of each', async () => {
    const { id } = await created();
    const change = () =>
      database.transaction(async (transaction) => {
        const webhook = await findWebhook(transaction, { id, account: '1' }, 'lock');
        if (webhook) await saveWebhook(transaction, changedWebhook(webhook, {}, around));
      });
    await Promise.all([1, 2, 3, 4, 5].map(change));
    expect((await outbox()).map(({ version }) => version)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('given another account, neither shows nor lists nor deletes it', async () => {
    const { id } = await created();
    expect(await findWebhook(database, { id, account: '2' })).toBeUndefined();
    expect(await listWebhooks(database, { account: '2', trigger: undefined }, { start: 0, limit: 9 })).toEqual([]);
    expect(await database.transaction((transaction) => deleteWebhook(transaction, { id, account: '2' }))).toBe(false);
    expect(await findWebhook(database, { id, account: '1' })).toBeDefined();
  });

  it.each(['', '0', 'abc', '-1', '1.5', '01', '9'.repeat(18), '9'.repeat(40), '1; DROP TABLE config.webhooks'])(
    'given the id %j, finds nothing',
    async (id) => {
      await created();
      expect(await findWebhook(database, { id, account: '1' })).toBeUndefined();
      expect(await database.transaction((transaction) => deleteWebhook(transaction, { id, account: '1' }))).toBe(false);
    },
  );

  it('lists in the order of ids, by trigger, in pages', async () => {
    for (const given of [{ database: 5 }, { trigger: 'open', database: 5, collection: 6 }, {}, { collection: 6 }])
      await created(given);
    await created({ database: 5 }, '2');
    const idsOf = async (filter: object, page = { start: 0, limit: 10 }) => {
      const listing = { account: '1', trigger: undefined, ...filter };
      const webhooks = await listWebhooks(database, listing, page);
      return { ids: webhooks.map(({ id }) => id), total: await countWebhooks(database, listing) };
    };
    expect(await idsOf({})).toEqual({ ids: ['1', '2', '3', '4'], total: 4 });
    expect(await idsOf({}, { start: 1, limit: 2 })).toEqual({ ids: ['2', '3'], total: 4 });
    expect(await idsOf({ trigger: 'click' })).toEqual({ ids: ['1', '3', '4'], total: 3 });
  });

  it('when deleted, leaves a tombstone with a later version, and its id to nobody', async () => {
    const { id } = await created();
    expect(await database.transaction((transaction) => deleteWebhook(transaction, { id, account: '1' }))).toBe(true);
    expect((await outbox())[1]).toEqual({ key: 'webhook/1', snapshot: null, version: 2 });
    expect((await created()).id).toBe('2');
  });

  it('is found to be disabled only while enabled and unchanged since', async () => {
    const { id } = await created();
    const find = (at: number) =>
      database.transaction((transaction) => lockEnabledSince(transaction, id, new Date(at).toISOString()));
    expect(await find(Date.now() - 60_000)).toBeUndefined();
    const found = await find(Date.now() + 60_000);
    expect(found?.id).toBe(id);
    if (found)
      await database.transaction((transaction) =>
        saveWebhook(transaction, changedWebhook(found, { state: 'disabled' }, around)),
      );
    expect(await find(Date.now() + 60_000)).toBeUndefined();
  });

  it('gives the present state of all webhooks, in the order of their ids', async () => {
    const { id } = await created();
    await test.query(`CREATE TEMP TABLE t AS SELECT * FROM config.webhooks;
      ALTER TABLE t DROP COLUMN id; INSERT INTO config.webhooks SELECT n, t.* FROM t, generate_series(${id} + 1, 1100) n`);
    const keys: string[] = [];
    for await (const part of webhookSnapshots(database)) keys.push(...part.map(({ key }) => key));
    expect(keys).toEqual(Array.from({ length: 1_100 }, (_, index) => `webhook/${index + 1}`));
  });
});
