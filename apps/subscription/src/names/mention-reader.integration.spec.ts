import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { topicSpecs } from '@postduif/contracts';
import { createKafka, ensureTopics, FlushingProducer, withAdmin } from '@postduif/kafka';
import type { KafkaClients } from '@postduif/kafka';
import { AccountStore } from '../accounts/account-store.js';
import type { Database } from '../database/database.js';
import { openDatabase, silent, TestDatabase } from '../testing/test-database.js';
import { until } from '../testing/until.js';
import { MentionReader } from './mention-reader.js';

jest.setTimeout(60_000);

const prefix = `mentions-test-${randomBytes(6).toString('hex')}.`;
const topic = `${prefix}events`;
const kafka = createKafka({
  clientId: 'mentions-test',
  brokers: (process.env.KAFKA_BROKERS ?? '').split(','),
  log: silent,
});

describe('reading names from events', () => {
  const readers: MentionReader[] = [];
  let test: TestDatabase;
  let database: Database;
  let producer: FlushingProducer;

  beforeAll(async () => {
    test = await TestDatabase.create();
    database = await openDatabase(test.url);
    await new AccountStore(database).bootstrap({ account: '1234', name: 'n', token: 'pd_first-token' });
    const specs = topicSpecs({ prefix, partitions: 3, replicationFactor: 1 });
    await ensureTopics(
      kafka,
      specs.filter((spec) => spec.topic === topic),
      silent,
    );
    producer = new FlushingProducer({ kafka, log: silent });
  });
  afterAll(async () => {
    for (const reader of readers) await reader.stop();
    await producer.close();
    await withAdmin(kafka, (admin) => admin.deleteTopics({ topics: [topic] }));
    await database.close();
    await test.drop();
  });

  const read = (clients = kafka): MentionReader => {
    const groupId = `${prefix}names`;
    const reader = new MentionReader({ kafka: clients, groupId, topic, database, log: silent, paceMs: 50 });
    readers.push(reader);
    reader.start();
    return reader;
  };
  const send = async (ids: readonly number[], value: unknown = 1) => {
    for (const id of ids)
      await producer.send({
        topic,
        key: `1234/profile/${id}`,
        value: JSON.stringify({
          account: '1234',
          type: 'create',
          database: id,
          data: { fields: { [`field ${id}`]: value } },
        }),
      });
  };
  const stored = async (kind: string) =>
    (await test.query<{ id: number }>(`SELECT place || id AS id FROM config.names WHERE kind = '${kind}'`)).length;
  const has = (count: number) =>
    until(
      async () => ((await stored('database')) === count && (await stored('field')) === count ? true : undefined),
      `the names of ${count} databases`,
    );
  const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);

  it('stores what is there and what comes, from all partitions, however often it is mentioned', async () => {
    await send(numbers(1, 50));
    read();
    await has(50);
    await send(numbers(1, 80));
    await has(80);
  });

  it('given that PostgreSQL is away, forgets nothing, also when it is restarted meanwhile', async () => {
    await test.takeAway();
    await send(numbers(81, 120));
    await readers[0]?.stop();
    const second = read();
    await send(numbers(121, 160));
    expect(second.isAlive(60_000)).toBe(true);
    await test.giveBack();
    await has(160);
  });

  it('given that PostgreSQL is away, reads no more than one fetch, also when partitions are given to it anew', async () => {
    for (const reader of readers) await reader.stop();
    await test.takeAway();
    await send(numbers(161, 190), 'x'.repeat(200_000));
    const { clients, seen } = counting();
    read(clients);
    await until(() => (seen.records > 0 && seen.fetches > 20) || undefined, 'the first fetch');
    const other = read();
    await until(() => seen.joins >= 2 || undefined, 'the other has joined');
    const { joins } = seen;
    await other.stop();
    await until(() => (seen.joins > joins && seen.fetches > 20) || undefined, 'it has left');
    // Of each partition at most one.
    expect(seen.records).toBeLessThanOrEqual(3);
    await test.giveBack();
    await has(190);
  });
});

/** Clients that tell what their consumers fetch. `fetches` begins anew when they join. */
function counting(): { clients: KafkaClients; seen: { records: number; joins: number; fetches: number } } {
  const seen = { records: 0, joins: 0, fetches: 0 };
  const consumer: KafkaClients['consumer'] = (config, onSign) => {
    const real = kafka.consumer(config, onSign);
    const { events } = real;
    real.on(events.GROUP_JOIN, () => {
      seen.joins += 1;
      seen.fetches = 0;
    });
    real.on(events.FETCH, () => void (seen.fetches += 1));
    real.on(events.START_BATCH_PROCESS, ({ payload }) => void (seen.records += payload.batchSize));
    return real;
  };
  return { clients: { ...kafka, consumer }, seen };
}
