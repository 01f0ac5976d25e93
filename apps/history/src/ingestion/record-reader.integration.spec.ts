import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Database } from '../database/database.js';
import { ingestionOf } from '../testing/ingestion.js';
import { attemptOf, eventOf } from '../testing/records.js';
import { createTestDatabase, openDatabase, silent } from '../testing/test-database.js';
import type { TestDatabase } from '../testing/test-database.js';
import { createTestTopics } from '../testing/test-topics.js';
import type { TestTopics } from '../testing/test-topics.js';
import { waitUntil } from '../testing/wait-until.js';
import { ReadingStart } from './reading-start.js';
import { logEndsOf, RecordReader } from './record-reader.js';

jest.setTimeout(90_000);

describe('RecordReader', () => {
  let test: TestDatabase;
  let topics: TestTopics;
  let database: Database;

  beforeAll(async () => {
    [test, topics] = await Promise.all([createTestDatabase(), createTestTopics()]);
  });
  afterAll(async () => {
    await Promise.all([test.drop(), topics.drop()]);
  });
  beforeEach(async () => {
    database = await openDatabase(test.url);
  });
  afterEach(async () => {
    await database.close();
  });

  /** An instance of the service, as far as reading is concerned. */
  function instance() {
    const { events, attempts } = topics.names;
    const ingestion = ingestionOf(
      database,
      {
        rewound: () => {
          reader.restart();
        },
      },
      { events, attempts },
    );
    const { writer, offsets } = ingestion;
    const reader: RecordReader = new RecordReader({
      kafka: topics.kafka,
      groupId: `${topics.prefix}history`,
      topics: [events, attempts],
      writer,
      start: new ReadingStart(writer, offsets, logEndsOf(topics.kafka), silent),
      log: silent,
    });
    reader.start();
    const stop = async (): Promise<void> => {
      await writer.stop();
      await reader.stop();
    };
    return { ...ingestion, reader, stop };
  }

  async function produce(name: string, count: number): Promise<string[]> {
    const ids = Array.from({ length: count }, (_, index) => `${name}-${index}`);
    const events = ids.map((id) => ({ topic: topics.names.events, key: id, value: JSON.stringify(eventOf({ id })) }));
    const attempts = ids.map((id) => ({
      topic: topics.names.attempts,
      key: id,
      value: JSON.stringify(attemptOf({ event: id })),
    }));
    await Promise.all([...events, ...attempts].map((record) => topics.producer.send(record)));
    return ids.toSorted();
  }

  async function stored(name: string): Promise<{ events: string[]; attempts: string[] }> {
    const like = `${name}-%`;
    const events = await test.query<{ id: string }>('SELECT id FROM history.events WHERE id LIKE $1', [like]);
    const attempts = await test.query<{ event: string }>('SELECT event FROM history.attempts WHERE event LIKE $1', [
      like,
    ]);
    return { events: events.map(({ id }) => id).toSorted(), attempts: attempts.map(({ event }) => event).toSorted() };
  }

  async function storedCount(name: string): Promise<number> {
    const { events, attempts } = await stored(name);
    return events.length + attempts.length;
  }

  it('given records on both topics, stores each once, also over a restart', async () => {
    const first = instance();
    const before = await produce('plain', 500);
    await waitUntil(async () => (await storedCount('plain')) === 1_000, 'the first are stored');
    await first.stop();
    const after = await produce('later', 500);
    const second = instance();
    await waitUntil(async () => (await storedCount('later')) === 1_000, 'the later ones are stored');
    await waitUntil(() => second.reader.lag() === 0, 'nothing is left to store');
    await second.stop();
    expect(await stored('plain')).toEqual({ events: before, attempts: before });
    expect(await stored('later')).toEqual({ events: after, attempts: after });
    expect(second.observed.stored).toBe(1_000);
  });

  it('when instances come and go under load, stores each record once', async () => {
    const first = instance();
    const load = new AbortController();
    const ids: string[] = [];
    const producing = (async () => {
      for (let round = 0; !load.signal.aborted; round++) ids.push(...(await produce(`load-${round}`, 100)));
    })();
    await waitUntil(() => first.observed.stored > 1_000, 'the first instance stores');
    const second = instance();
    await waitUntil(() => second.observed.stored > 1_000, 'the second takes part');
    await first.stop();
    const third = instance();
    await waitUntil(() => third.observed.stored > 1_000, 'the third takes part');
    load.abort();
    await producing;
    await waitUntil(async () => (await storedCount('load')) >= ids.length * 2, 'all are stored');
    await Promise.all([second.stop(), third.stop()]);
    const all = ids.toSorted();
    expect(await stored('load')).toEqual({ events: all, attempts: all });
  });

  it('given records that nobody can read, skips them and stores the others', async () => {
    const { events } = topics.names;
    const poison = [null, 'not json', '[]', JSON.stringify(eventOf({ id: 7 })), Buffer.from([0xff, 0xfe, 0])];
    for (const value of poison) await topics.producer.send({ topic: events, value, partition: 0 });
    const good = JSON.stringify(eventOf({ id: 'poison-0' }));
    await topics.producer.send({ topic: events, value: good, partition: 0 });
    const reading = instance();
    await waitUntil(async () => (await storedCount('poison')) === 1, 'the good one is stored');
    await reading.stop();
    expect(reading.observed.unreadable).toHaveLength(poison.length);
    const noted = await test.query('SELECT FROM history.unreadable WHERE topic = $1', [events]);
    expect(noted).toHaveLength(poison.length);
  });

  it('given a database that was put back to an earlier state, reads again what it lost', async () => {
    const reading = instance();
    const ids = await produce('restored', 300);
    await waitUntil(async () => (await storedCount('restored')) === 600, 'all are stored');
    // What a backup of an earlier moment looks like: rows and offsets are from the same moment.
    await test.query('DELETE FROM history.events');
    await test.query('UPDATE history.offsets SET next_offset = 0 WHERE topic = $1', [topics.names.events]);
    await produce('nudge', 50);
    await waitUntil(async () => (await stored('restored')).events.length === 300, 'the events are back');
    await reading.stop();
    expect(await stored('restored')).toEqual({ events: ids, attempts: ids });
  });

  it('given topics that were deleted and made anew, reads them from their beginning', async () => {
    await topics.delete([topics.names.events, topics.names.attempts]);
    await waitUntil(
      async () =>
        topics.create().then(
          () => true,
          () => false,
        ),
      'the topics are made anew',
    );
    const ids = await produce('anew', 20);
    const reading = instance();
    await waitUntil(async () => (await storedCount('anew')) === 40, 'all are stored');
    await reading.stop();
    expect(await stored('anew')).toEqual({ events: ids, attempts: ids });
  });
});
