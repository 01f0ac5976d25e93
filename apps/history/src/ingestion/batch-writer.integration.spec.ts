import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Database } from '../database/database.js';
import { ingestionOf } from '../testing/ingestion.js';
import { attemptOf, eventOf, recordOf } from '../testing/records.js';
import type { TestRecord } from '../testing/records.js';
import { createTestDatabase, openDatabase } from '../testing/test-database.js';
import type { TestDatabase } from '../testing/test-database.js';
import { waitUntil } from '../testing/wait-until.js';

const EVENTS_0 = { topic: 'events', partition: 0 };

function events(from: number, to: number, partition = 0): TestRecord[] {
  return Array.from({ length: to - from }, (_, index) =>
    recordOf({ topic: 'events', partition, offset: from + index }, eventOf({ id: `e${partition}-${from + index}` })),
  );
}

jest.setTimeout(60_000);

describe('BatchWriter on PostgreSQL', () => {
  let test: TestDatabase;
  let database: Database;

  beforeAll(async () => {
    test = await createTestDatabase();
  });
  afterAll(async () => {
    await test.drop();
  });
  beforeEach(async () => {
    database = await openDatabase(test.url);
  });
  afterEach(async () => {
    await database.close();
    await test.query('TRUNCATE history.events, history.attempts, history.offsets, history.unreadable');
  });

  async function ids(): Promise<string[]> {
    const rows = await test.query<{ id: string }>(
      'SELECT id FROM history.events ORDER BY kafka_partition, kafka_offset',
    );
    return rows.map(({ id }) => id);
  }
  const idsOf = (records: TestRecord[]): string[] =>
    records.map(({ value }) => (JSON.parse(String(value)) as { id: string }).id);

  it('given events and attempts, stores each with its bytes and says that it is done', async () => {
    const { writer } = ingestionOf(database);
    await writer.assign([EVENTS_0, { topic: 'attempts', partition: 3 }]);
    const text = 'tab\t line\n back\\slash \0 lone \ud800 é 😀';
    const records = [
      recordOf(
        { topic: 'events', offset: 0 },
        eventOf({ type: 'click', source: text, subject: text, data: { message: text, recipient: text } }),
      ),
      recordOf({ topic: 'attempts', partition: 3, offset: 0 }, attemptOf({ error: text, responseBody: text })),
    ];
    for (const record of records) writer.add(record);
    await writer.stop();

    expect(records.map((record) => record.finished())).toEqual([1, 1]);
    const [event] = await test.query<{ source: string; recipient: string; body: Buffer }>(
      'SELECT * FROM history.events',
    );
    const expected = text.replace('\0', '\ufffd').replace('\ud800', '\ufffd');
    expect([event?.source, event?.recipient]).toEqual([expected, expected]);
    expect(event?.body).toEqual(records[0]?.value);
    const [attempt] = await test.query<{ error: string; body: Buffer }>('SELECT * FROM history.attempts');
    expect(attempt?.error).toBe(expected);
    expect(attempt?.body).toEqual(records[1]?.value);
  });

  it('given many records of several partitions, stores each once and in order', async () => {
    const { writer } = ingestionOf(database);
    await writer.assign([0, 1, 2].map((partition) => ({ topic: 'events', partition })));
    const records = [0, 1, 2].flatMap((partition) => events(0, 3_000, partition));
    for (const record of records.toSorted((one, other) => one.offset - other.offset)) writer.add(record);
    await writer.stop(30_000);
    expect(await ids()).toEqual(idsOf(records));
    expect(await ingestionOf(database).offsets.read([EVENTS_0, { topic: 'events', partition: 9 }])).toEqual([3_000, 0]);
  });

  it('given records that were stored before, as after a crash, passes them by', async () => {
    const first = ingestionOf(database);
    await first.writer.assign([EVENTS_0]);
    const records = events(0, 50);
    for (const record of records) first.writer.add(record);
    await first.writer.stop();

    const second = ingestionOf(database);
    expect(await second.writer.assign([EVENTS_0])).toEqual([50]);
    const again = events(20, 80);
    for (const record of again) second.writer.add(record);
    await second.writer.stop();
    expect(await ids()).toEqual(idsOf(events(0, 80)));
    expect(again.every((record) => record.finished() === 1)).toBe(true);
  });

  it('when its connection is cut between COPY and commit, stores everything once after all', async () => {
    const ingestion = ingestionOf(database);
    let cut = 0;
    // A deferred constraint trigger runs at commit, when all rows are in: the moment that must not leave half a batch.
    await test.query(`CREATE OR REPLACE FUNCTION history.cut() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN IF (SELECT next_offset FROM history.offsets WHERE topic = 'crash') < 3 THEN
        PERFORM pg_sleep(30); END IF; RETURN NULL; END $$`);
    await test.query(`INSERT INTO history.offsets VALUES ('crash', 0, 0)`);
    await test.query(`CREATE CONSTRAINT TRIGGER cut AFTER UPDATE ON history.offsets DEFERRABLE INITIALLY DEFERRED
      FOR EACH ROW WHEN (NEW.topic = 'events') EXECUTE FUNCTION history.cut()`);
    try {
      await ingestion.writer.assign([EVENTS_0]);
      for (const record of events(0, 100)) ingestion.writer.add(record);
      while (cut < 3) {
        const sleeping = `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'`;
        await waitUntil(async () => (await test.query(sleeping)).length > 0, 'a commit is under way');
        expect(await ids()).toEqual([]);
        cut++;
        await test.query(`UPDATE history.offsets SET next_offset = ${cut} WHERE topic = 'crash'`);
        await test.query(`SELECT pg_terminate_backend(pid) FROM (${sleeping}) AS s`);
      }
      await waitUntil(() => ingestion.writer.queued === 0 && ingestion.observed.stored === 100, 'everything is stored');
    } finally {
      await test.query('DROP TRIGGER cut ON history.offsets');
    }
    await ingestion.writer.stop();
    expect(await ids()).toEqual(idsOf(events(0, 100)));
    expect(ingestion.observed.failed).toBeGreaterThanOrEqual(3);
  });

  it('given two writers with the same partitions, as after a rebalance that one did not notice, stores each record once', async () => {
    const other = await openDatabase(test.url);
    try {
      const zombie = ingestionOf(database);
      const owner = ingestionOf(other);
      await zombie.writer.assign([EVENTS_0]);
      await owner.writer.assign([EVENTS_0]);
      const [seen, own] = [events(0, 4_000), events(0, 5_000)];
      for (const record of seen) zombie.writer.add(record);
      for (const record of own) owner.writer.add(record);
      await waitUntil(() => [...seen, ...own].every((record) => record.finished() === 1), 'both are done');
      await zombie.writer.stop();
      await owner.writer.stop();
      expect(await ids()).toEqual(idsOf(events(0, 5_000)));
      expect(zombie.observed.stored + owner.observed.stored).toBe(5_000);
      expect(zombie.observed.moved + owner.observed.moved).toBeGreaterThan(0);
    } finally {
      await other.close();
    }
  });

  it('given records that cannot be read, notes where and why, and goes on', async () => {
    const ingestion = ingestionOf(database);
    await ingestion.writer.assign([EVENTS_0]);
    const values = [eventOf({ id: 'a' }), null, Buffer.from('{"half":'), { id: 5 }, eventOf({ id: 'b' })];
    const records = values.map((value, offset) => recordOf({ topic: 'events', offset }, value));
    for (const record of records) ingestion.writer.add(record);
    await ingestion.writer.stop();
    expect(await ids()).toEqual(['a', 'b']);
    expect(await test.query('SELECT kafka_offset::int AS o FROM history.unreadable ORDER BY 1')).toEqual([
      { o: 1 },
      { o: 2 },
      { o: 3 },
    ]);
    expect(ingestion.observed.unreadable.slice(0, 2)).toEqual(['has no value', 'is not JSON']);
    expect(records.every((record) => record.finished() === 1)).toBe(true);
  });

  it('given a record that only PostgreSQL refuses, finds it and stores the others', async () => {
    const ingestion = ingestionOf(database);
    await test.query(`CREATE OR REPLACE FUNCTION history.refuse() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN IF NEW.id = 'e0-13' THEN RAISE EXCEPTION 'no' USING ERRCODE = '22023'; END IF; RETURN NEW; END $$`);
    await test.query(
      'CREATE TRIGGER refuse BEFORE INSERT ON history.events FOR EACH ROW EXECUTE FUNCTION history.refuse()',
    );
    try {
      await ingestion.writer.assign([EVENTS_0]);
      const records = events(0, 40);
      for (const record of records) ingestion.writer.add(record);
      await ingestion.writer.stop();
      expect(await ids()).toEqual(idsOf(events(0, 40)).filter((id) => id !== 'e0-13'));
      expect(await test.query('SELECT kafka_offset::int AS o, reason FROM history.unreadable')).toEqual([
        { o: 13, reason: 'PostgreSQL refuses it (22023)' },
      ]);
      expect(records.every((record) => record.finished() === 1)).toBe(true);
    } finally {
      await test.query('DROP TRIGGER refuse ON history.events');
    }
  });

  it('given a partition that was taken away, stores nothing of it any more', async () => {
    const ingestion = ingestionOf(database);
    await ingestion.writer.assign([EVENTS_0]);
    const records = events(0, 10);
    for (const record of records) ingestion.writer.add(record);
    ingestion.writer.revoke([EVENTS_0]);
    ingestion.writer.add(events(10, 11)[0]!);
    await ingestion.writer.stop();
    expect(await ids()).toEqual([]);
    expect(records.some((record) => record.finished() > 0)).toBe(false);
  });

  it('given a database that lost what was stored, asks for the partitions to be read again', async () => {
    const ingestion = ingestionOf(database);
    await ingestion.writer.assign([EVENTS_0]);
    for (const record of events(0, 10)) ingestion.writer.add(record);
    await waitUntil(() => ingestion.observed.stored === 10, 'ten are stored');
    await test.query('UPDATE history.offsets SET next_offset = 4');
    await test.query('DELETE FROM history.events WHERE kafka_offset >= 4');
    for (const record of events(10, 12)) ingestion.writer.add(record);
    await waitUntil(() => ingestion.observed.rewound === 1, 'the loss is seen');
    expect(await ingestion.writer.assign([EVENTS_0])).toEqual([4]);
    for (const record of events(4, 12)) ingestion.writer.add(record);
    await ingestion.writer.stop();
    expect(await ids()).toEqual(idsOf(events(0, 12)));
  });

  it('when the partition of a day was dropped meanwhile, makes it again', async () => {
    const ingestion = ingestionOf(database);
    await ingestion.writer.assign([EVENTS_0]);
    for (const record of events(0, 1)) ingestion.writer.add(record);
    await waitUntil(() => ingestion.observed.stored === 1, 'one is stored');
    await ingestionOf(database).partitions.dropBefore(ingestion.window.today + 1);
    for (const record of events(1, 3)) ingestion.writer.add(record);
    await waitUntil(() => ingestion.observed.stored === 3, 'the others are stored');
    expect(await ids()).toEqual(['e0-1', 'e0-2']);
  });
});
