import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import kafkajs from 'kafkajs';
import { withAdmin } from './client.js';
import type { ConsumedRecord } from './consumed-record.js';
import { FlushingProducer } from './flushing-producer.js';
import { decodeFinished } from './metadata-codec.js';
import { numbered, range, TestBroker, until } from './testing/broker.js';
import { silentLog } from './testing/silent-log.js';

jest.setTimeout(60_000);

describe('RecordConsumer', () => {
  let broker: TestBroker;
  beforeAll(() => {
    broker = new TestBroker();
  });
  afterAll(() => broker.close());

  it('given records, hands them out as they were written, and after a restart only those that are new', async () => {
    const topic = await broker.topic();
    const groupId = broker.name();
    const record = {
      topic,
      key: 'kéy',
      value: Buffer.from([0, 255, 1]),
      headers: { a: 'ü', b: '2' },
      timestamp: 1_700_000_000_123,
    };
    await broker.produce([record, { topic, value: null }]);
    const first = broker.consumer({ groupId, topics: [topic] });
    await first.consumer.start();
    await until(() => first.handed.records.length === 2, 'both records came');
    const [one, tombstone] = first.handed.records;
    expect(one).toMatchObject({ topic, partition: 0, offset: 0, replayed: false, headers: record.headers });
    expect([one?.key?.toString(), one?.timestamp]).toEqual(['kéy', record.timestamp]);
    expect(one?.value).toEqual(record.value);
    expect([tombstone?.key, tombstone?.value, tombstone?.headers]).toEqual([null, null, {}]);
    for (const { done } of [one!, tombstone!].map((taken) => ({
      done: () => {
        taken.done();
      },
    })))
      done();
    await first.consumer.stop();
    expect((await broker.committed(groupId, topic)).offset).toBe(2);

    await broker.produce([{ topic, value: 'new' }]);
    const second = broker.consumer({ groupId, topics: [topic] });
    await second.consumer.start();
    await until(() => second.handed.records.length > 0, 'the new record came');
    expect(second.handed.values()).toEqual(['new']);
  });

  it.each(['GZIP', 'Snappy', 'LZ4', 'ZSTD'] as const)('given records compressed with %s, reads them', async (codec) => {
    const topic = await broker.topic();
    const producer = new FlushingProducer({
      kafka: broker.kafka,
      log: silentLog,
      compression: kafkajs.CompressionTypes[codec],
    });
    const values = ['small', 'large '.repeat(50_000)];
    await Promise.all(values.map((value) => producer.send({ topic, value })));
    await producer.close();
    const { consumer, handed } = broker.consumer({ groupId: broker.name(), topics: [topic] });
    await consumer.start();
    await until(() => handed.records.length === 2, 'both records came');
    expect(handed.values()).toEqual(values);
  });

  it('given records finished out of order and a death without a commit, repeats only those that were not finished', async () => {
    const topic = await broker.topic();
    const groupId = broker.name();
    await broker.produce(numbered(topic, 300));
    const mortal = broker.mortal();
    const first = broker.consumer({ groupId, topics: [topic], kafka: mortal.kafka });
    await first.consumer.start();
    await until(() => first.handed.records.length === 300, 'all came');
    const isFinished = (offset: number): boolean => offset < 50 || offset % 3 === 0;
    for (const record of first.handed.records.toReversed()) if (isFinished(record.offset)) record.done();
    await until(async () => {
      const { offset, metadata } = await broker.committed(groupId, topic);
      return offset === 50 && decodeFinished(offset, metadata).length === 83;
    }, 'what is finished is committed');
    await mortal.kill();

    const second = broker.consumer({ groupId, topics: [topic] });
    await second.consumer.start();
    await broker.produce([{ topic, value: 'last' }]);
    await until(() => second.handed.values().includes('last'), 'the last record came');
    expect(second.handed.offsets(0)).toEqual([...range(0, 300).filter((offset) => !isFinished(offset)), 300]);
    for (const record of second.handed.records) record.done();
    await until(async () => (await broker.committed(groupId, topic)).offset === 301, 'everything is committed');
  });

  it('given a handler that is stuck with one partition, bounds what is read of it and starves no other', async () => {
    const topic = await broker.topic(2);
    // A fetch gives at least one batch as it was written.
    const producer = new FlushingProducer({ kafka: broker.kafka, log: silentLog, maxBatchBytes: 8_000 });
    await Promise.all(
      [...numbered(topic, 5_000, 0), ...numbered(topic, 5_000, 1)].map((record) => producer.send(record)),
    );
    await producer.close();
    const { consumer, handed } = broker.consumer({
      groupId: broker.name(),
      topics: [topic],
      highWater: { records: 100, bytes: 1_000_000 },
      maxBytesPerPartition: 16_384,
      onRecord: (record) => {
        if (record.partition === 1) record.done();
      },
    });
    await consumer.start();
    await until(() => handed.offsets(1).length === 5_000, 'the other partition was read to its end');
    const stuck = handed.offsets(0).length;
    expect(stuck).toBeGreaterThanOrEqual(100);
    // One record takes about ten bytes in its batch.
    expect(stuck).toBeLessThan(100 + 16_384 / 8);
    expect(consumer.lag().find(({ partition }) => partition === 0)).toMatchObject({
      paused: true,
      inFlightRecords: stuck,
    });
    let next = 0;
    await until(() => {
      for (const record of handed.records.slice(next)) record.done();
      next = handed.records.length;
      return handed.offsets(0).length === 5_000;
    }, 'the stuck partition went on');
    expect(handed.offsets(0)).toEqual(range(0, 5_000));
  });

  it('given many records at once, lets everything else have its turn between them, and loses none', async () => {
    const topic = await broker.topic(1);
    await broker.produce(numbered(topic, 2_000));
    let turn = 0;
    let going = true;
    const tick = (): void => {
      turn += 1;
      if (going) setImmediate(tick);
    };
    setImmediate(tick);
    const turns = new Map<number, number>();
    const onRecord = (record: ConsumedRecord): void => {
      turns.set(turn, (turns.get(turn) ?? 0) + 1);
      handed.push(record.offset);
      record.done();
    };
    const handed: number[] = [];
    const { consumer } = broker.consumer({ groupId: broker.name(), topics: [topic], onRecord });
    await consumer.start();
    await until(() => handed.length === 2_000, 'all came');
    going = false;

    expect(handed).toEqual(range(0, 2_000));
    expect(Math.max(...turns.values())).toBeLessThanOrEqual(250);
  });

  it('given more in flight than all partitions together may have, reads nothing more until half of it is done', async () => {
    const topic = await broker.topic(4);
    const producer = new FlushingProducer({ kafka: broker.kafka, log: silentLog, maxBatchBytes: 2_000 });
    await Promise.all(
      range(0, 4).flatMap((partition) => numbered(topic, 1_000, partition).map((record) => producer.send(record))),
    );
    await producer.close();
    const { consumer, handed } = broker.consumer({
      groupId: broker.name(),
      topics: [topic],
      totalHighWater: { records: 100, bytes: 1_000_000 },
      maxBytesPerFetch: 2_000,
      maxBytesPerPartition: 2_000,
    });
    await consumer.start();
    const paused = () => consumer.lag().every((partition) => partition.paused);
    await until(() => paused() && handed.records.length >= 100, 'all partitions are paused');
    // One batch of each partition may come at once, with at most one record for every ten bytes.
    expect(handed.records.length).toBeLessThan(100 + (4 * 2_000) / 10);
    let next = 0;
    await until(() => {
      for (const record of handed.records.slice(next)) record.done();
      next = handed.records.length;
      return next === 4_000;
    }, 'everything came');
    for (const partition of range(0, 4)) expect(handed.offsets(partition)).toEqual(range(0, 1_000));
  });

  it('given where to read on, reads on as soon as no more than that is in flight', async () => {
    const topic = await broker.topic(1);
    await broker.produce(numbered(topic, 1_000, 0));
    const { consumer, handed } = broker.consumer({
      groupId: broker.name(),
      topics: [topic],
      totalHighWater: { records: 100, bytes: 1_000_000 },
      totalLowWater: { records: 95, bytes: 900_000 },
      maxBytesPerPartition: 2_000,
    });
    await consumer.start();
    await until(() => consumer.lag()[0]?.paused === true, 'the partition is paused');
    const { length } = handed.records;
    for (const record of handed.records.slice(0, length - 95)) record.done();
    await until(() => handed.records.length > length, 'more is read');
  });

  it('given a record that is not wanted yet, pauses its partition without keeping anything and goes on with that record', async () => {
    const topic = await broker.topic(2);
    const groupId = broker.name();
    await broker.produce([...numbered(topic, 20, 0), ...numbered(topic, 20, 1)]);
    let wanted = 5;
    const { consumer, handed } = broker.consumer({
      groupId,
      topics: [topic],
      isWanted: ({ partition, offset }) => partition === 1 || offset < wanted,
      onRecord: (record) => {
        record.done();
      },
    });
    await consumer.start();
    await until(() => handed.records.length === 25, 'what is wanted came');
    await until(async () => (await broker.committed(groupId, topic, 0)).offset === 5, 'it is committed, and no more');
    expect(consumer.lag().find(({ partition }) => partition === 0)).toMatchObject({ paused: true, inFlightRecords: 0 });
    wanted = 12;
    consumer.resume({ topic, partition: 0 });
    await until(() => handed.offsets(0).length === 12, 'more came');
    wanted = 20;
    consumer.resume({ topic, partition: 0 });
    await until(() => handed.offsets(0).length === 20, 'the rest came');
    expect(handed.offsets(0)).toEqual(range(0, 20));
  });

  it('when it stops, waits for what is in flight and commits it', async () => {
    const topic = await broker.topic();
    const groupId = broker.name();
    await broker.produce(numbered(topic, 10));
    const { consumer, handed } = broker.consumer({ groupId, topics: [topic] });
    await consumer.start();
    await until(() => handed.records.length === 10, 'all came');
    const stopped = consumer.stop({ drainMs: 30_000 });
    await broker.produce(numbered(topic, 1, 0, 10));
    for (const record of handed.records) record.done();
    await stopped;
    expect((await broker.committed(groupId, topic)).offset).toBe(10);
    expect(handed.records).toHaveLength(10);
  });

  it('given a handler that throws, hands that record out again and goes on with other partitions', async () => {
    const topic = await broker.topic(2);
    await broker.produce([...numbered(topic, 10, 0), ...numbered(topic, 10, 1)]);
    let failures = 0;
    const { consumer, handed } = broker.consumer({
      groupId: broker.name(),
      topics: [topic],
      onRecord: ({ partition, offset }) => {
        if (partition === 0 && offset === 5 && failures++ === 0) throw new Error('a bug');
      },
    });
    await consumer.start();
    await until(() => handed.records.length === 20, 'all came');
    expect([handed.offsets(0), handed.offsets(1)]).toEqual([range(0, 10), range(0, 10)]);
    expect(failures).toBe(2);
  });

  it('given records deleted before and while it reads, goes on with the oldest that is there', async () => {
    const topic = await broker.topic();
    await broker.produce(numbered(topic, 100));
    const deleteBelow = (offset: number) =>
      withAdmin(broker.kafka, async (admin) => {
        // kafkajs deletes only where it knows the topic already.
        await admin.fetchTopicOffsets(topic);
        await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: String(offset) }] });
      });
    await deleteBelow(20);
    const { consumer, handed } = broker.consumer({
      groupId: broker.name(),
      topics: [topic],
      startOffsets: (partitions) => Promise.resolve(partitions.map(() => 5)),
    });
    await consumer.start();
    await until(() => handed.records.length === 80, 'what is left came');
    expect(handed.offsets(0)).toEqual(range(20, 100));

    consumer.pause({ topic, partition: 0 });
    await until(() => consumer.lag()[0]?.paused === true, 'it is paused');
    await broker.produce(numbered(topic, 100, 0, 100));
    await deleteBelow(150);
    consumer.resume({ topic, partition: 0 });
    await until(() => handed.offsets(0).at(-1) === 199, 'the end came');
    expect(handed.offsets(0).filter((offset) => offset >= 150)).toEqual(range(150, 200));
  });

  it('given control records of a transaction, commits past them', async () => {
    const topic = await broker.topic();
    const groupId = broker.name();
    const producer = broker.kafka.producer({
      transactionalId: broker.name(),
      idempotent: true,
      maxInFlightRequests: 1,
    });
    await producer.connect();
    const committed = await producer.transaction();
    await committed.send({ topic, messages: [{ value: 'committed' }] });
    await committed.commit();
    const aborted = await producer.transaction();
    await aborted.send({ topic, messages: [{ value: 'aborted' }] });
    await aborted.abort();
    await producer.disconnect();
    const { consumer, handed } = broker.consumer({
      groupId,
      topics: [topic],
      onRecord: (record) => {
        record.done();
      },
    });
    await consumer.start();
    await until(() => consumer.lag()[0]?.committed === 4, 'the end is committed');
    expect(handed.values()).toEqual(['committed']);
    expect(consumer.lag()[0]?.lag).toBe(0);
  });

  it('given a topic that is not there yet, waits for it', async () => {
    const topic = broker.name();
    const { consumer, handed } = broker.consumer({ groupId: broker.name(), topics: [topic] });
    const started = consumer.start();
    await withAdmin(broker.kafka, (admin) => admin.createTopics({ topics: [{ topic, numPartitions: 1 }] }));
    await started;
    await broker.produce(numbered(topic, 1));
    await until(() => handed.records.length === 1, 'it reads');
  });
});
