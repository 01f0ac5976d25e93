import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import kafkajs from 'kafkajs';
import { withAdmin } from './client.js';
import type { KafkaClients } from './client.js';
import { ensureTopics } from './ensure-topics.js';
import { TestBroker } from './testing/broker.js';
import { silentLog } from './testing/silent-log.js';

jest.setTimeout(60_000);

function unknownTopic(): Error {
  const error = new kafkajs.KafkaJSProtocolError('This server does not host this topic-partition');
  return Object.assign(error, { type: 'UNKNOWN_TOPIC_OR_PARTITION', code: 3, retriable: true });
}

describe('ensureTopics', () => {
  let broker: TestBroker;
  beforeAll(() => {
    broker = new TestBroker();
  });
  afterAll(() => broker.close());

  const spec = (topic: string, partitions = 2) => ({
    topic,
    partitions,
    replicationFactor: 1,
    config: { 'retention.ms': '3600000', 'max.message.bytes': '8388608' },
  });

  it('given several services at once and topics of which some exist, all succeed and the topics are as wanted', async () => {
    const wanted = [spec(broker.name()), spec(broker.name()), spec(broker.name(), 1)];
    await ensureTopics(broker.kafka, wanted.slice(0, 1), silentLog);
    const results = await Promise.all([1, 2, 3, 4].map(() => ensureTopics(broker.kafka, wanted, silentLog)));
    expect(results).toEqual([[], [], [], []]);
    await broker.produce(wanted.map(({ topic }) => ({ topic, value: 'v' })));
  });

  it('given a topic with fewer partitions and another configuration, says so and changes nothing', async () => {
    const topic = broker.name();
    await ensureTopics(broker.kafka, [spec(topic)], silentLog);
    const wanted = { ...spec(topic, 3), config: { 'retention.ms': '7200000', 'max.message.bytes': '8388608' } };
    const told: object[] = [];
    const differences = await ensureTopics(broker.kafka, [wanted], {
      ...silentLog,
      warn: (fields) => told.push(fields),
    });
    expect(differences).toEqual([
      { topic, setting: 'partitions', wanted: '3', actual: '2' },
      { topic, setting: 'retention.ms', wanted: '7200000', actual: '3600000' },
    ]);
    expect(told).toEqual(differences);
    expect(await ensureTopics(broker.kafka, [spec(topic)], silentLog)).toEqual([]);
  });

  it('given a broker that does not know yet what it has just made, as a busy one does, waits for it', async () => {
    const topic = spec(broker.name());
    let refusals = 2;
    const admin: KafkaClients['admin'] = (config) => {
      const real = broker.kafka.admin(config);
      const createTopics: typeof real.createTopics = async (request) => {
        const created = await real.createTopics(request);
        if (refusals-- > 0) throw unknownTopic();
        return created;
      };
      return { ...real, createTopics };
    };
    expect(await ensureTopics({ admin }, [topic], silentLog)).toEqual([]);
    expect(await ensureTopics(broker.kafka, [topic], silentLog)).toEqual([]);
  });

  it('given a topic that cannot be created, rejects', async () => {
    const impossible = { ...spec(broker.name()), replicationFactor: 99 };
    await expect(ensureTopics(broker.kafka, [impossible], silentLog)).rejects.toThrow();
    await withAdmin(broker.kafka, async (admin) => {
      expect(await admin.listTopics()).not.toContain(impossible.topic);
    });
  });
});
