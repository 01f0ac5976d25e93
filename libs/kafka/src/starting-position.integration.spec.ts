import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { KafkaClients } from './client.js';
import { numbered, range, TestBroker, until } from './testing/broker.js';

jest.setTimeout(60_000);

describe('where a consumer starts to read', () => {
  let broker: TestBroker;
  beforeAll(() => {
    broker = new TestBroker();
  });
  afterAll(() => broker.close());

  it('given thousands of records that were finished behind one that was not, then a successor does not read them again', async () => {
    const topic = await broker.topic();
    const groupId = broker.name();
    for (let from = 0; from < 3_000; from += 100)
      await broker.produce(range(from, from + 100).map((index) => ({ topic, value: String(index) })));
    const first = broker.consumer({ groupId, topics: [topic] });
    await first.consumer.start();
    await until(() => first.handed.records.length === 3_000, 'all came');
    const undone = [0, 1_500, 2_990];
    for (const record of first.handed.records) if (!undone.includes(record.offset)) record.done();
    await first.consumer.stop({ drainMs: 0 });

    let read = 0;
    const consumer: KafkaClients['consumer'] = (config, onSign) => {
      const made = broker.kafka.consumer(config, onSign);
      made.on(made.events.START_BATCH_PROCESS, ({ payload }) => (read += payload.batchSize));
      return made;
    };
    const kafka = { ...broker.kafka, consumer };
    const second = broker.consumer({ groupId, topics: [topic], kafka, maxBytesPerPartition: 1_024 });
    await second.consumer.start();
    await until(() => second.handed.records.length === undone.length, 'what was not done came again');
    expect(second.handed.offsets(0)).toEqual(undone);
    expect(read).toBeLessThan(1_000);
    for (const record of second.handed.records) record.done();
    await broker.produce([{ topic, value: 'next' }]);
    await until(() => second.handed.values().includes('next'), 'it reads on');
    second.handed.records.at(-1)?.done();
    await until(async () => (await broker.committed(groupId, topic)).offset === 3_001, 'everything is committed');
  });

  it('given rewindMs, replays that time before the position and what was finished above it, then goes on', async () => {
    const topic = await broker.topic();
    const groupId = broker.name();
    const minute = 60_000;
    const start = Date.now() - 60 * minute;
    await broker.produce(
      range(0, 20).map((index) => ({ topic, value: String(index), timestamp: start + index * minute })),
    );
    const first = broker.consumer({ groupId, topics: [topic] });
    await first.consumer.start();
    await until(() => first.handed.records.length === 20, 'all came');
    for (const record of first.handed.records) if (record.offset < 10 || record.offset === 12) record.done();
    await first.consumer.stop({ drainMs: 0 });

    const second = broker.consumer({ groupId, topics: [topic], rewindMs: 3 * minute });
    await second.consumer.start();
    await until(() => second.handed.values().includes('19'), 'all came again');
    // The record below the position is 9; three minutes before it is 6.
    expect(second.handed.offsets(0)).toEqual(range(6, 20));
    expect(second.handed.records.filter(({ replayed }) => replayed).map(({ offset }) => offset)).toEqual([
      6, 7, 8, 9, 12,
    ]);
    for (const record of second.handed.records) record.done();
    await until(async () => (await broker.committed(groupId, topic)).offset === 20, 'everything is committed');
  });

  it('given replayFrom, begins where it says, and asks again when it throws', async () => {
    const topic = await broker.topic();
    const groupId = broker.name();
    await broker.produce(numbered(topic, 20));
    const first = broker.consumer({ groupId, topics: [topic] });
    await first.consumer.start();
    await until(() => first.handed.records.length === 20, 'all came');
    for (const record of first.handed.records) if (record.offset < 10) record.done();
    await first.consumer.stop({ drainMs: 0 });

    const asked: unknown[] = [];
    const second = broker.consumer({
      groupId,
      topics: [topic],
      rewindMs: 60_000,
      replayFrom: ({ partition }, begin, live) => {
        asked.push([partition, begin, live]);
        if (asked.length === 1) throw new Error('a bug');
        return 7;
      },
    });
    await second.consumer.start();
    await until(() => second.handed.values().includes('19'), 'all came again');
    expect(second.handed.offsets(0)).toEqual(range(7, 20));
    expect(second.handed.records.filter(({ replayed }) => replayed).map(({ offset }) => offset)).toEqual([7, 8, 9]);
    expect(asked).toEqual([
      [0, 0, 10],
      [0, 0, 10],
    ]);
  });

  it('given startOffsets, starts there, asks again when they cannot be read, and commits to Kafka all the same', async () => {
    const topic = await broker.topic(2);
    const groupId = broker.name();
    await broker.produce([...numbered(topic, 10, 0), ...numbered(topic, 10, 1)]);
    const positions = new Map([
      [0, 7],
      [1, 0],
    ]);
    let asked = 0;
    const { consumer, handed } = broker.consumer({
      groupId,
      topics: [topic],
      startOffsets: (partitions) => {
        asked += 1;
        if (asked === 1) return Promise.reject(new Error('the database is away'));
        return Promise.resolve(partitions.map(({ partition }) => positions.get(partition) ?? 0));
      },
    });
    await consumer.start();
    await until(() => handed.records.length === 13, 'all came');
    expect(handed.offsets(0)).toEqual([7, 8, 9]);
    for (const record of handed.records) record.done();
    await until(async () => (await broker.committed(groupId, topic, 0)).offset === 10, 'the offset is committed');
  });
});
