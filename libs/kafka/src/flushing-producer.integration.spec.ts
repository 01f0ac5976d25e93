import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { createKafka, withAdmin } from './client.js';
import { FlushingProducer } from './flushing-producer.js';
import { range, TestBroker, until } from './testing/broker.js';
import { silentLog } from './testing/silent-log.js';

jest.setTimeout(60_000);

describe('FlushingProducer on a broker', () => {
  let broker: TestBroker;
  beforeAll(() => {
    broker = new TestBroker();
  });
  afterAll(() => broker.close());

  it('given a record that is too large for its topic among others, rejects it and writes the others', async () => {
    const [small, large] = [await broker.topic(1, { 'max.message.bytes': '2000' }), await broker.topic(1)];
    const sent = range(0, 20).map((index) => ({
      topic: index % 2 === 0 ? small : large,
      value: index === 10 ? 'x'.repeat(5_000) : String(index),
    }));
    const results = await Promise.allSettled(sent.map((record) => broker.producer.send(record)));
    expect(results.map(({ status }) => status)).toEqual(
      range(0, 20).map((index) => (index === 10 ? 'rejected' : 'fulfilled')),
    );
    expect(results[10]).toMatchObject({ reason: { code: 'record_too_large' } });
    const { consumer, handed } = broker.consumer({ groupId: broker.name(), topics: [small, large] });
    await consumer.start();
    await until(() => new Set(handed.values()).size === 19, 'all others came');
  });

  it('given a record for a topic or a partition that is not there, rejects only that one', async () => {
    const topic = await broker.topic(1);
    const records = [
      { topic, value: 'good' },
      { topic: broker.name(), value: 'no topic' },
      { topic, value: 'no partition', partition: 5 },
      { topic, value: 'good too', partition: 0 },
    ];
    const results = await Promise.allSettled(records.map((record) => broker.producer.send(record)));
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled']);
    expect(results[1]).toMatchObject({ reason: { code: 'record_refused' } });
  });

  it('given a topic that is deleted while in use, still writes to others', async () => {
    const [gone, topic] = [await broker.topic(1), await broker.topic(1)];
    await broker.produce([
      { topic: gone, value: '1' },
      { topic, value: '1' },
    ]);
    await withAdmin(broker.kafka, (admin) => admin.deleteTopics({ topics: [gone] }));
    const results = await Promise.allSettled([
      broker.producer.send({ topic: gone, value: '2' }),
      broker.producer.send({ topic, value: '2' }),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
    await broker.produce([{ topic, value: '3' }]);
  });

  it('given records of one key, writes them in the order of send', async () => {
    const topic = await broker.topic(4);
    await broker.produce(range(0, 2_000).map((index) => ({ topic, key: `key-${index % 10}`, value: String(index) })));
    const { consumer, handed } = broker.consumer({ groupId: broker.name(), topics: [topic] });
    await consumer.start();
    await until(() => handed.records.length === 2_000, 'all came');
    for (const key of range(0, 10).map((index) => `key-${index}`)) {
      const values = handed.records
        .filter((record) => String(record.key) === key)
        .map(({ value }) => Number(String(value)));
      expect(values).toEqual(values.toSorted((one, other) => one - other));
    }
  });

  it('given a broker that cannot be reached, rejects when the time is over and is not available', async () => {
    const kafka = createKafka({ clientId: 'nobody', brokers: ['127.0.0.1:1'], log: silentLog });
    const producer = new FlushingProducer({ kafka, log: silentLog, deliveryTimeoutMs: 300 });
    await expect(producer.send({ topic: 't', value: 'v' })).rejects.toMatchObject({ code: 'broker_unavailable' });
    expect(producer.available()).toBe(false);
    await producer.close();
  });
});
