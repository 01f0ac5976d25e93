import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { withAdmin } from './client.js';
import { CompactedTopicReader } from './compacted-topic-reader.js';
import { TestBroker, until } from './testing/broker.js';
import { silentLog } from './testing/silent-log.js';

jest.setTimeout(60_000);

const COMPACT = { 'cleanup.policy': 'compact' };

describe('CompactedTopicReader', () => {
  let broker: TestBroker;
  const readers: CompactedTopicReader[] = [];
  beforeAll(() => {
    broker = new TestBroker();
  });
  afterAll(async () => {
    await Promise.all(readers.map((reader) => reader.stop()));
    await broker.close();
  });

  const said: object[] = [];

  function readerOf(topic: string, kafka = broker.kafka, onEntry?: (key: string, value: string) => void) {
    const entries: [string, string | null][] = [];
    const reader = new CompactedTopicReader({
      kafka,
      topic,
      log: { ...silentLog, error: (fields) => said.push(fields) },
      onEntry: (key, value) => {
        onEntry?.(key, String(value));
        entries.push([key, value === null ? null : value.toString()]);
      },
    });
    readers.push(reader);
    return { reader, entries };
  }

  it('given entries, changes and tombstones, gives them in order, is ready after those of the start, and goes on', async () => {
    const topic = await broker.topic(1, COMPACT);
    await broker.produce([
      { topic, key: 'webhook/1', value: 'a' },
      { topic, key: 'webhook/2', value: 'b' },
      { topic, key: 'webhook/1', value: null },
      { topic, key: 'webhook/2', value: 'c' },
    ]);
    const { reader, entries } = readerOf(topic);
    expect([reader.ready(), reader.lag()]).toEqual([false, undefined]);
    await reader.start();
    expect(reader.ready()).toBe(true);
    expect(entries).toEqual([
      ['webhook/1', 'a'],
      ['webhook/2', 'b'],
      ['webhook/1', null],
      ['webhook/2', 'c'],
    ]);
    await broker.produce([{ topic, key: 'heartbeat', value: '1' }]);
    await until(() => entries.length === 5, 'the change came');
    await until(() => reader.lag() === 0, 'it is at the end');
    expect([reader.position(), reader.isAlive(30_000)]).toEqual([5, true]);
  });

  it('given an empty topic, is ready at once', async () => {
    const topic = await broker.topic(1, COMPACT);
    const { reader, entries } = readerOf(topic);
    await reader.start();
    expect([reader.ready(), entries]).toEqual([true, []]);
  });

  it('given a topic of which nothing is left, is ready at once', async () => {
    const topic = await broker.topic(1, { 'cleanup.policy': 'compact,delete' });
    await broker.produce([{ topic, key: 'k', value: 'v' }]);
    await withAdmin(broker.kafka, async (admin) => {
      await admin.fetchTopicOffsets(topic);
      await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '-1' }] });
    });
    const { reader } = readerOf(topic);
    await reader.start();
    expect(reader.ready()).toBe(true);
  });

  it('given a handler that throws, gives it the entries that follow', async () => {
    const topic = await broker.topic(1, COMPACT);
    await broker.produce(['1', '2', '3'].map((key) => ({ topic, key, value: key })));
    const { reader, entries } = readerOf(topic, broker.kafka, (key) => {
      if (key === '2') throw new Error('a bug');
    });
    await reader.start();
    expect(entries.map(([key]) => key)).toEqual(['1', '3']);
  });

  it('given an entry that cannot be read, says which, and nothing of what it holds', async () => {
    const topic = await broker.topic(1, COMPACT);
    await broker.produce([{ topic, key: 'webhook/1', value: 'hunter2' }]);
    await readerOf(topic, undefined, (_key, value) => void JSON.parse(value)).reader.start();
    expect(said).toContainEqual({ error: 'SyntaxError', topic, key: 'webhook/1', offset: 0 });
    expect(inspect(said, { depth: null })).not.toContain('hunter2');
  });

  it('given a topic that is not there yet, waits for it', async () => {
    const topic = broker.name();
    const { reader, entries } = readerOf(topic);
    const started = reader.start();
    await withAdmin(broker.kafka, (admin) => admin.createTopics({ topics: [{ topic, numPartitions: 1 }] }));
    await started;
    await broker.produce([{ topic, key: 'k', value: 'v' }]);
    await until(() => entries.length === 1, 'it reads');
  });
});
