import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { numbered, range, TestBroker, until } from './testing/broker.js';

jest.setTimeout(60_000);

describe('a consumer group that gets a second member', () => {
  let broker: TestBroker;
  beforeAll(() => {
    broker = new TestBroker();
  });
  afterAll(() => broker.close());

  it('given a second member, loses nothing, repeats nothing of what the first keeps, and ignores what it finishes too late', async () => {
    const topic = await broker.topic(4);
    const groupId = broker.name();
    await broker.produce(range(0, 4).flatMap((partition) => numbered(topic, 50, partition)));
    const first = broker.consumer({ groupId, topics: [topic] });
    await first.consumer.start();
    await until(() => first.handed.records.length === 200, 'the first has all');
    for (const record of first.handed.records) if (record.offset < 10) record.done();
    await until(() => first.consumer.lag().every(({ committed }) => committed === 10), 'ten of each are committed');

    const second = broker.consumer({ groupId, topics: [topic] });
    await second.consumer.start();
    await until(() => second.handed.records.length === 80, 'the second has what was not finished of its two');
    const kept = first.consumer.lag().map(({ partition }) => partition);
    const moved = second.consumer.lag().map(({ partition }) => partition);
    expect([...kept, ...moved].sort()).toEqual([0, 1, 2, 3]);
    for (const partition of moved) expect(second.handed.offsets(partition)).toEqual(range(10, 50));
    expect(first.handed.records).toHaveLength(200);

    for (const record of first.handed.records) {
      expect(record.isCurrent()).toBe(kept.includes(record.partition));
      record.done();
    }
    await until(
      () => first.consumer.lag().every(({ committed }) => committed === 50),
      'the first committed what it keeps',
    );
    for (const partition of kept) expect((await broker.committed(groupId, topic, partition)).offset).toBe(50);
    for (const partition of moved) expect((await broker.committed(groupId, topic, partition)).offset).toBe(10);

    await broker.produce(range(0, 4).flatMap((partition) => numbered(topic, 1, partition, 50)));
    await until(() => first.handed.records.length === 202 && second.handed.records.length === 82, 'both go on');
    await second.consumer.stop({ drainMs: 0 });
    await until(() => first.handed.records.length === 202 + 82, 'the first has the rest again');
  });

  it('given a second member while records are in flight, waits until they are done and hands none of them out again', async () => {
    const topic = await broker.topic(4);
    const groupId = broker.name();
    await broker.produce(range(0, 4).flatMap((partition) => numbered(topic, 50, partition)));
    const patient = { groupId, topics: [topic], sessionTimeoutMs: 30_000, rebalanceDrainMs: 25_000 };
    const first = broker.consumer(patient);
    await first.consumer.start();
    await until(() => first.handed.records.length === 200, 'the first has all');

    const second = broker.consumer(patient);
    const joined = second.consumer.start();
    await until(async () => (await broker.groupState(groupId)) === 'PreparingRebalance', 'the group meets');
    for (const record of first.handed.records) record.done();
    await joined;
    await broker.produce(range(0, 4).flatMap((partition) => numbered(topic, 1, partition, 50)));
    await until(() => second.handed.records.length === 2 && first.handed.records.length === 202, 'both go on');
    expect(second.handed.values()).toEqual(['50', '50']);
  });

  it('given a second member while records only wait, does not wait for them, and says that nothing may begin until the group has met', async () => {
    const topic = await broker.topic(4);
    const groupId = broker.name();
    await broker.produce(range(0, 4).flatMap((partition) => numbered(topic, 50, partition)));
    // Longer than the group waits for a member.
    const patient = { groupId, topics: [topic], rebalanceDrainMs: 60_000 };
    const mayBegin: boolean[] = [];
    const meanwhile: boolean[] = [];
    const first = broker.consumer({
      ...patient,
      settled: () => {
        meanwhile.push(first.consumer.mayBegin());
        return Promise.resolve();
      },
    });
    await first.consumer.start();
    await until(() => first.handed.records.length === 200, 'the first has all');
    mayBegin.push(first.consumer.mayBegin());

    const second = broker.consumer(patient);
    await second.consumer.start();
    await until(() => first.consumer.lag().length === 2, 'the first has given two up');
    mayBegin.push(first.consumer.mayBegin());
    expect(second.consumer.lag()).toHaveLength(2);
    const stopped = first.consumer.stop();
    mayBegin.push(first.consumer.mayBegin());
    await stopped;

    expect(mayBegin).toEqual([true, true, false]);
    expect(new Set(meanwhile)).toEqual(new Set([false]));
  });

  it('given what is not done in a rebalance, gives it up when the time is over', async () => {
    const topic = await broker.topic(2);
    const groupId = broker.name();
    await broker.produce([...numbered(topic, 10, 0), ...numbered(topic, 10, 1)]);
    const first = broker.consumer({ groupId, topics: [topic], rebalanceDrainMs: 200 });
    await first.consumer.start();
    await until(() => first.handed.records.length === 20, 'the first has all');
    const second = broker.consumer({ groupId, topics: [topic] });
    await second.consumer.start();
    await until(() => second.handed.records.length === 10, 'the second has what the first gave up');
    const moved = first.handed.records.filter((record) => !record.isCurrent());
    expect(moved.map(({ partition }) => partition)).toEqual(second.handed.records.map(({ partition }) => partition));
  });
});
