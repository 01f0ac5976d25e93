import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import kafkajs from 'kafkajs';
import type { PartitionAssigner } from 'kafkajs';
import { createKafka, withAdmin } from './client.js';
import type { ConsumedRecord } from './consumed-record.js';
import type { KafkaClients } from './client.js';
import { FlushingProducer } from './flushing-producer.js';
import type { Coordinator } from './joining.js';
import { decodeFinished } from './metadata-codec.js';
import { numbered, range, TestBroker, until } from './testing/broker.js';
import { dieInGroup } from './testing/plain-member.js';
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

  it('given a process that was frozen for longer than its session, then it is not confirmed until the group has answered, which is told', async () => {
    const topic = await broker.topic();
    let frozenMs = 0;
    let confirmations = 0;
    const said: string[] = [];
    const { consumer } = broker.consumer({
      groupId: broker.name(),
      topics: [topic],
      clock: { now: () => Date.now() + frozenMs },
      onConfirmed: () => {
        confirmations += 1;
      },
      log: { ...silentLog, info: (_facts, message) => void said.push(message) },
    });
    expect(consumer.isConfirmed()).toBe(false);
    await consumer.start();
    expect(consumer.isConfirmed()).toBe(true);

    frozenMs = 10_000;
    const before = confirmations;
    expect(consumer.isConfirmed()).toBe(false);
    await until(() => confirmations > before, 'the group has answered');
    expect(consumer.isConfirmed()).toBe(true);
    expect(said).toEqual(['partitions assigned', 'Kafka answers again']);
  });

  it('given records that come while it is not confirmed, hands them out when it is', async () => {
    const topic = await broker.topic();
    let frozenMs = 0;
    const confirmed: boolean[] = [];
    const { consumer, handed } = broker.consumer({
      groupId: broker.name(),
      topics: [topic],
      clock: { now: () => Date.now() + frozenMs },
      onRecord: () => confirmed.push(consumer.isConfirmed()),
    });
    await consumer.start();
    for (const value of ['one', 'two', 'three', 'four']) {
      frozenMs += 10_000;
      await broker.produce([{ topic, value }]);
      await until(() => handed.values().includes(value), 'the record came');
    }
    expect(handed.values()).toEqual(['one', 'two', 'three', 'four']);
    expect(confirmed).toEqual([true, true, true, true]);
  });

  it('given a process that was killed, then the one that has its name takes over without waiting for its session to end', async () => {
    const topic = await broker.topic();
    const groupId = broker.name();
    const { brokers } = broker;
    await dieInGroup({ clientId: 'kafka-lib-test@one', brokers, groupId, topic });
    const kafka = createKafka({ clientId: 'kafka-lib-test', instance: 'one', brokers, log: silentLog });
    const { consumer, handed } = broker.consumer({ groupId, topics: [topic], kafka });
    await consumer.start();
    await broker.produce([{ topic, value: 'next' }]);
    await until(() => handed.values().includes('next'), 'the record came');
  });

  /** Clients whose consumers find the coordinator of their group by way of `found`. */
  function finding(found: (coordinator: Coordinator) => Coordinator): KafkaClients {
    const consumer: KafkaClients['consumer'] = (config, onSign) => {
      const assigner: PartitionAssigner = (given) => {
        const find = given.cluster.findGroupCoordinator.bind(given.cluster);
        given.cluster.findGroupCoordinator = async (group) => found((await find(group)) as Coordinator);
        return config.partitionAssigners![0]!(given);
      };
      return broker.kafka.consumer({ ...config, partitionAssigners: [assigner] }, onSign);
    };
    return { ...broker.kafka, consumer };
  }

  it('given a member that the group has lost, when it cannot look for its coordinator just then, then it is built anew and reads on', async () => {
    const topic = await broker.topic();
    const groupId = broker.name();
    let coordinator: Coordinator | undefined;
    let isAway = false;
    const kafka = finding((found) => {
      if (isAway) {
        isAway = false;
        throw new kafkajs.KafkaJSConnectionError('Closed connection');
      }
      return (coordinator = found);
    });
    const { consumer, handed } = broker.consumer({ groupId, topics: [topic], kafka });
    await consumer.start();
    const { groups } = await withAdmin(broker.kafka, (admin) => admin.describeGroups([groupId]));
    isAway = true;
    await coordinator!.leaveGroup({ groupId, memberId: groups[0]!.members[0]!.memberId });
    await until(() => !isAway, 'it has looked for its coordinator in vain');
    await broker.produce([{ topic, value: 'next' }]);

    await until(async () => (await broker.groupState(groupId)) === 'Stable', 'it is a member again');
    await until(() => handed.values().includes('next'), 'the record came');
  });

  it('given a lost answer at the end of a rebalance, after which the group takes the member for one that has joined, then it is built anew', async () => {
    const topic = await broker.topic(4);
    const groupId = broker.name();
    let lose = false;
    const kafka = finding((coordinator) => {
      const sync = coordinator.syncGroup.bind(coordinator);
      coordinator.syncGroup = async (assignment) => {
        const answer = await sync(assignment);
        if (!lose) return answer;
        lose = false;
        throw new kafkajs.KafkaJSConnectionError('Closed connection');
      };
      return coordinator;
    });
    const first = broker.consumer({ groupId, topics: [topic], kafka });
    await first.consumer.start();
    lose = true;
    const second = broker.consumer({ groupId, topics: [topic] });
    await second.consumer.start();

    await until(() => !lose, 'the answer was lost');
    await until(() => first.consumer.mayBegin() && first.consumer.lag().length === 2, 'it has joined');
  });

  it('given a heartbeat to a broker that is not the coordinator any more, when it cannot look for that just then, then it is built anew', async () => {
    const topic = await broker.topic();
    let isMoving = false;
    let isAway = false;
    const kafka = finding((coordinator) => {
      if (isAway) {
        isAway = false;
        throw new kafkajs.KafkaJSConnectionError('Closed connection');
      }
      const heartbeat = coordinator.heartbeat.bind(coordinator);
      coordinator.heartbeat = async (member) => {
        if (!isMoving) return heartbeat(member);
        isMoving = false;
        isAway = true;
        const message = 'This is not the correct coordinator for this group';
        throw Object.assign(new kafkajs.KafkaJSError(message), { type: 'NOT_COORDINATOR_FOR_GROUP' });
      };
      return coordinator;
    });
    const { consumer, handed } = broker.consumer({ groupId: broker.name(), topics: [topic], kafka });
    await consumer.start();
    isMoving = true;
    await until(() => !isMoving && !isAway, 'it has looked for its coordinator in vain');
    await broker.produce([{ topic, value: 'next' }]);

    await until(() => handed.values().includes('next'), 'the record came');
  });

  it('given a process that was frozen while the answer to a heartbeat was on its way, then that answer confirms nothing', async () => {
    const topic = await broker.topic();
    let frozenMs = 0;
    let afterwards: boolean | undefined;
    const kafka = finding((coordinator) => {
      const heartbeat = coordinator.heartbeat.bind(coordinator);
      coordinator.heartbeat = async (member) => {
        await heartbeat(member);
        if (frozenMs > 0) return;
        frozenMs = 10_000;
        setImmediate(() => (afterwards = consumer.isConfirmed()));
      };
      return coordinator;
    });
    const clock = { now: () => Date.now() + frozenMs };
    const { consumer } = broker.consumer({ groupId: broker.name(), topics: [topic], kafka, clock });
    await consumer.start();
    await until(() => afterwards !== undefined, 'it was frozen');
    expect(afterwards).toBe(false);
    await until(() => consumer.isConfirmed(), 'the group has answered again');
  });

  it('given a clock that is set back by an hour, then the group goes on confirming it', async () => {
    const topic = await broker.topic();
    let confirmations = 0;
    const { consumer } = broker.consumer({
      groupId: broker.name(),
      topics: [topic],
      onConfirmed: () => {
        confirmations += 1;
      },
    });
    await consumer.start();
    const now = Date.now.bind(Date);
    const before = confirmations;
    const clock = jest.spyOn(Date, 'now').mockImplementation(() => now() - 3_600_000);
    try {
      // Nobody knows how long ago the group answered.
      expect(consumer.isConfirmed()).toBe(false);
      await until(() => consumer.isConfirmed(), 'the group has answered by the new time');
      await until(() => confirmations > before + 2, 'the group has answered several times');
    } finally {
      clock.mockRestore();
    }
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

  it('given an error after which kafkajs gives up, is built anew until it works', async () => {
    const topic = await broker.topic();
    const groupId = broker.name();
    const stranger = broker.kafka.consumer({
      groupId,
      partitionAssigners: [
        (config) => ({
          ...kafkajs.PartitionAssigners.roundRobin(config),
          name: 'stranger',
          protocol: ({ topics }) => ({
            name: 'stranger',
            metadata: kafkajs.AssignerProtocol.MemberMetadata.encode({ version: 1, topics, userData: Buffer.alloc(0) }),
          }),
        }),
      ],
    });
    await stranger.connect();
    await stranger.subscribe({ topics: [topic] });
    await stranger.run({ eachMessage: () => Promise.resolve() });

    const crashes: string[] = [];
    const { consumer, handed } = broker.consumer({
      groupId,
      topics: [topic],
      log: { ...silentLog, warn: (_fields, message) => crashes.push(message) },
    });
    const started = consumer.start();
    await until(() => crashes.some((message) => message.includes('built anew')), 'it crashed');
    await stranger.disconnect();
    await started;
    await broker.produce(numbered(topic, 1));
    await until(() => handed.records.length === 1, 'it reads');
    expect(consumer.isAlive(30_000)).toBe(true);
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
