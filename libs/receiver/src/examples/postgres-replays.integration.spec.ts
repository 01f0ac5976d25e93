import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { Receiver } from '../index.js';
import { ACCOUNT, HOST, RECORD, SENT_AT, signed } from '../testing/vector.js';
import { PostgresReplayStore } from './postgres-replays.js';

const schema = `receiver_${randomUUID().replaceAll('-', '')}`;
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, options: `-c search_path=${schema}` });

beforeAll(async () => {
  await pool.query(`CREATE SCHEMA ${schema}`);
  await pool.query('CREATE TABLE webhook_requests (id text PRIMARY KEY, until timestamptz NOT NULL)');
});
afterAll(async () => {
  await pool.query(`DROP SCHEMA ${schema} CASCADE`);
  await pool.end();
});

const newProcess = (): Receiver =>
  new Receiver({
    httpSignature: {
      copernicaId: ACCOUNT,
      host: HOST,
      keyDomains: ['copernica.com'],
      resolveTxt: () => Promise.resolve([RECORD]),
    },
    replays: new PostgresReplayStore(pool),
    now: () => SENT_AT,
  });

describe('requests remembered in PostgreSQL', () => {
  it('given the same request at several processes at once, then one of them accepts it', async () => {
    const request = await signed();
    const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => newProcess().verify(request)));
    const refused = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []));
    expect(refused).toEqual(Array.from({ length: 7 }, () => expect.objectContaining({ code: 'replayed' })));
  });

  it('given requests that are too old and one that is not, then only that is kept', async () => {
    const store = new PostgresReplayStore(pool);
    await store.remember('old', new Date(Date.now() - 1_000));
    await store.remember('new', new Date(Date.now() + 60_000));
    await store.forget();
    expect([await store.remember('old', new Date()), await store.remember('new', new Date())]).toEqual([true, false]);
  });
});
