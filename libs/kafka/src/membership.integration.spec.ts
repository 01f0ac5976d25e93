import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import kafkajs from 'kafkajs';
import type { PartitionAssigner } from 'kafkajs';
import { createKafka, withAdmin } from './client.js';
import type { KafkaClients } from './client.js';
import type { Coordinator } from './joining.js';
import { numbered, TestBroker, until } from './testing/broker.js';
import { dieInGroup } from './testing/plain-member.js';
import { silentLog } from './testing/silent-log.js';

jest.setTimeout(60_000);

describe('a member of a consumer group', () => {
  let broker: TestBroker;
  beforeAll(() => {
    broker = new TestBroker();
  });
  afterAll(() => broker.close());

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
});
