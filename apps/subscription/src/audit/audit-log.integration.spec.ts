import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { auditQuery } from '@postduif/contracts';
import type { Database } from '../database/database.js';
import { openDatabase, TestDatabase } from '../testing/test-database.js';
import { AuditLog } from './audit-log.js';
import { forRequest, noteCaller } from './origin.js';
import { recordChange } from './record-change.js';

jest.setTimeout(30_000);

describe('the record of changes', () => {
  let test: TestDatabase;
  let database: Database;
  let log: AuditLog;

  beforeAll(async () => {
    test = await TestDatabase.create();
    database = await openDatabase(test.url);
    log = new AuditLog(database, 30);
  });
  afterAll(async () => {
    await database.close();
    await test.drop();
  });
  beforeEach(async () => {
    await test.query('TRUNCATE config.audit');
  });

  const change = (id: string, account = '1', states: object = { after: { id } }) =>
    database.transaction((transaction) => recordChange(transaction, { account, entity: 'webhook', id, ...states }));
  const list = (given: object = {}, account = '1') => log.list(account, auditQuery.parse(given));
  const ids = async (given: object = {}) => (await list(given)).data.map(({ entityId }) => entityId);

  it('says what was made, changed and deleted, and how it was before and after', async () => {
    await change('7', '1', { after: { a: 1 } });
    await change('7', '1', { before: { a: 1 }, after: { a: 2 } });
    await change('7', '1', { before: { a: 2 } });
    expect((await list()).data).toMatchObject([
      { action: 'deleted', before: { a: 2 }, after: null },
      { action: 'changed', before: { a: 1 }, after: { a: 2 } },
      { action: 'created', entity: 'webhook', entityId: '7', before: null, after: { a: 1 } },
    ]);
  });

  it('given ids of different lengths, gives each change once, the newest first', async () => {
    await test.query('ALTER SEQUENCE config.audit_id_seq RESTART WITH 95');
    const made = Array.from({ length: 12 }, (_, n) => String(n));
    for (const id of made) await change(id);
    const seen: string[] = [];
    for (let cursor: string | null | undefined; cursor !== null;) {
      const page = await list({ limit: '5', ...(cursor === undefined ? {} : { cursor }) });
      seen.push(...page.data.map(({ entityId }) => entityId));
      cursor = page.next;
    }
    expect(seen).toEqual(made.toReversed());
  });

  it('puts a change down to the request that it was made in, and otherwise to the system', async () => {
    await change('1');
    await forRequest('rest', 'r-1', async () => {
      await Promise.resolve();
      noteCaller('t-1', 'jwt');
      await change('2');
    });
    const system = { actor: { channel: 'system', token: null, credential: null }, request: null };
    const request = { actor: { channel: 'rest', token: 't-1', credential: 'jwt' }, request: 'r-1' };
    expect((await list()).data).toMatchObject([request, system]);
    expect([await ids({ actor: 't-1' }), await ids({ actor: 'system' }), await ids({ actor: 'x' })]).toEqual([
      ['2'],
      ['1'],
      [],
    ]);
  });

  it('keeps nothing of a change that was rolled back', async () => {
    const failing = database.transaction(async (transaction) => {
      await recordChange(transaction, { account: '1', entity: 'webhook', id: '1', after: {} });
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(await ids()).toEqual([]);
  });

  it('is read in pages, of one account, by thing and by time', async () => {
    for (const id of ['1', '2', '3']) await change(id);
    await change('4', '2');
    const first = await list({ limit: '2' });
    expect(first.data.map(({ entityId }) => entityId)).toEqual(['3', '2']);
    await change('5');
    const second = await list({ limit: '2', cursor: first.next });
    expect([second.data.map(({ entityId }) => entityId), second.next]).toEqual([['1'], null]);
    expect(await ids({ id: '2' })).toEqual(['2']);
    expect(await ids({ entity: 'token' })).toEqual([]);
    await test.query(`UPDATE config.audit SET at = '2026-01-15T10:20:30Z' WHERE entity_id = '2'`);
    expect(await ids({ since: '2026-01-15T10:20:30Z', until: '2026-01-15T10:20:31Z' })).toEqual(['2']);
    expect(await ids({ since: '2026-01-15T10:20:00Z', until: '2026-01-15T10:20:30Z' })).toEqual([]);
  });

  it('given a cursor that is none, says so', async () => {
    await expect(list({ cursor: 'x' })).rejects.toMatchObject({ code: 'invalid_request' });
  });

  it('takes text that is no valid Unicode', async () => {
    await change('1', '1', { after: { name: 'a\ud800', 'b\0': ['\0\udfff', { '\ud800': '\\u0000 \\\\ud800 😀' }] } });
    expect((await list()).data[0]?.after).toEqual({
      name: 'a\ufffd',
      'b\ufffd': ['\ufffd\ufffd', { '\ufffd': '\\u0000 \\\\ud800 😀' }],
    });
  });

  it('forgets what is older than it may become', async () => {
    for (const id of ['1', '2']) await change(id);
    await test.query(`UPDATE config.audit SET at = now() - interval '31 days' WHERE entity_id = '1'`);
    await log.prune();
    expect(await ids()).toEqual(['2']);
  });
});
