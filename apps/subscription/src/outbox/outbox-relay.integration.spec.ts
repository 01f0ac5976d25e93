import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { HEARTBEAT_KEY, parseConfigRecord, topicNames, topicSpecs } from '@postduif/contracts';
import { CompactedTopicReader, createKafka, ensureTopics, withAdmin } from '@postduif/kafka';
import type { KafkaClients } from '@postduif/kafka';
import { Registry } from 'prom-client';
import type { Database } from '../database/database.js';
import { KafkaSwitch } from '../testing/kafka-switch.js';
import { openDatabase, silent, TestDatabase } from '../testing/test-database.js';
import { until } from '../testing/until.js';
import { OutboxRelay } from './outbox-relay.js';
import { publish, publishRemoval } from './outbox.js';
import type { Snapshot } from './outbox.js';
import { RelayMetrics } from './relay-metrics.js';

jest.setTimeout(60_000);

const brokers = (process.env.KAFKA_BROKERS ?? '').split(',');
const kafka = createKafka({ clientId: 'relay-test', brokers, log: silent });

function snapshotOf(id: string, version: number): Snapshot {
  return {
    key: `account/${id}`,
    value: { kind: 'account', version, id, name: id, tokens: [], copernicaId: `account_${id}` },
  };
}

describe('the outbox relay', () => {
  let test: TestDatabase;
  let database: Database;
  let topic = '';
  let reader: CompactedTopicReader;
  /** What is on the topic, in order, as `key@version`; heartbeats apart. */
  let records: string[];
  let heartbeats = 0;
  /** The present state of everything. */
  let state: Snapshot[];
  let relays: OutboxRelay[];

  beforeEach(async () => {
    test = await TestDatabase.create();
    database = await openDatabase(test.url);
    topic = topicNames(`relay-test-${randomBytes(6).toString('hex')}.`).config;
    [records, state, relays, heartbeats] = [[], [], [], 0];
    await haveTopic(kafka);
    reader = new CompactedTopicReader({ kafka, topic, onEntry: note, log: silent });
    await reader.start();
  });

  afterEach(async () => {
    await Promise.all(relays.map((relay) => relay.stop()));
    await reader.stop();
    await database.close();
    await test.drop();
    await withAdmin(kafka, (admin) => admin.deleteTopics({ topics: [topic] }));
  });

  function note(key: string, value: Buffer | null): void {
    const { snapshot } = parseConfigRecord(key, value);
    if (key === HEARTBEAT_KEY) heartbeats += 1;
    else records.push(snapshot === null ? `${key} deleted` : `${key}@${snapshot.version}`);
  }

  async function haveTopic(clients: KafkaClients): Promise<void> {
    const prefix = topic.slice(0, -'config'.length);
    const specs = topicSpecs({ prefix, partitions: 1, replicationFactor: 1 });
    await ensureTopics(
      clients,
      specs.filter((spec) => spec.topic === topic),
      silent,
    );
  }

  function startRelay(clients: KafkaClients = kafka) {
    const metrics = new Registry();
    const relay = new OutboxRelay({
      url: test.url,
      kafka: clients,
      topic,
      ensureTopics: () => haveTopic({ ...clients, admin: () => clients.admin() }),
      snapshots: async function* () {
        yield await Promise.resolve(state);
      },
      log: silent,
      metrics: new RelayMetrics(metrics),
    });
    relays.push(relay);
    relay.start();
    const leads = async () => /^postduif_config_relay_leads 1$/m.test(await metrics.metrics());
    return { relay, leads };
  }

  const put = (...snapshots: Snapshot[]) =>
    database.transaction(async (transaction) => {
      for (const snapshot of snapshots) await publish(transaction, snapshot);
    });
  const waiting = async () => (await test.query('SELECT FROM config.outbox')).length;
  const nothingWaits = () => until(async () => ((await waiting()) === 0 ? true : undefined), 'an empty outbox');
  const published = (count: number) => until(() => (records.length >= count ? true : undefined), `${count} records`);
  const beats = (count: number) => until(() => (heartbeats >= count ? true : undefined), `${count} heartbeats`);

  it('publishes what waits, then the present state of everything, and then each change, in order', async () => {
    await put(snapshotOf('a', 1), snapshotOf('a', 2));
    state = [snapshotOf('a', 2), snapshotOf('b', 7)];
    const { relay } = startRelay();
    await published(4);
    await put(snapshotOf('a', 3));
    await database.transaction((transaction) => publishRemoval(transaction, 'account/a', 4));
    await published(6);
    await nothingWaits();
    expect(records).toEqual([
      ...['account/a@1', 'account/a@2', 'account/a@2', 'account/b@7'],
      ...['account/a@3', 'account/a deleted'],
    ]);
    expect(relay.ready()).toBe(true);
  });

  it('publishes nothing of a transaction that fails', async () => {
    startRelay();
    await beats(1);
    const failing = database.transaction(async (transaction) => {
      await publish(transaction, snapshotOf('a', 1));
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    await put(snapshotOf('b', 1));
    await published(1);
    expect(records).toEqual(['account/b@1']);
  });

  it('writes a heartbeat again and again, so that readers see the topic advance', async () => {
    startRelay();
    await beats(3);
  });

  it('given many changes, publishes all of them in order', async () => {
    const changes = Array.from({ length: 1_300 }, (_, index) => snapshotOf('a', index + 1));
    await put(...changes);
    startRelay();
    await published(1_300);
    expect(records).toEqual(changes.map(({ key, value }) => `${key}@${value.version}`));
    await nothingWaits();
  });

  it('given that Kafka is away, keeps what is changed meanwhile and publishes it in order when it is back', async () => {
    const broker = new KafkaSwitch(kafka);
    const { relay } = startRelay(broker.clients);
    await put(snapshotOf('a', 1));
    await published(1);
    broker.takeAway();
    await put(snapshotOf('a', 2));
    await put(snapshotOf('b', 1), snapshotOf('a', 3));
    expect(relay.isAlive(60_000)).toBe(true);
    expect(await waiting()).toBe(3);
    broker.giveBack();
    await published(4);
    await nothingWaits();
    // What was under way when the broker went may come twice, in the same order.
    expect(records.filter((record, index) => records.indexOf(record) === index)).toEqual([
      ...['account/a@1', 'account/a@2', 'account/b@1', 'account/a@3'],
    ]);
    expect(records.at(-1)).toBe('account/a@3');
  });

  it('given that PostgreSQL is away, goes on when it is back', async () => {
    const { relay } = startRelay();
    await put(snapshotOf('a', 1));
    await published(1);
    await nothingWaits();
    await test.takeAway();
    const before = heartbeats;
    await test.giveBack();
    await put(snapshotOf('a', 2));
    await until(() => (records.includes('account/a@2') ? true : undefined), 'the change');
    await beats(before + 2);
    expect(relay.isAlive(60_000)).toBe(true);
    expect(relay.ready()).toBe(true);
  });

  it('given several, lets one lead, and another when that one is stopped', async () => {
    const first = startRelay();
    await beats(1);
    const second = startRelay();
    await until(() => (second.relay.ready() === true ? true : undefined), 'the second to find the first');
    expect([await first.leads(), await second.leads()]).toEqual([true, false]);
    await first.relay.stop();
    await put(snapshotOf('a', 1));
    await published(1);
    expect([await first.leads(), await second.leads()]).toEqual([false, true]);
  });

  it('given a topic that is lost, makes it anew and fills it', async () => {
    state = [snapshotOf('a', 5)];
    startRelay();
    await published(1);
    await withAdmin(kafka, (admin) => admin.deleteTopics({ topics: [topic] }));
    const again: string[] = [];
    const fresh = new CompactedTopicReader({ kafka, topic, onEntry: (key) => again.push(key), log: silent });
    void fresh.start();
    await until(() => (again.includes('account/a') ? true : undefined), 'the state on the new topic');
    await fresh.stop();
  });

  it('given that no broker can be reached, is alive and not ready, says why, and can be stopped', async () => {
    const { relay } = startRelay(createKafka({ clientId: 'relay-test', brokers: ['127.0.0.1:1'], log: silent }));
    await until(() => (relay.ready() === true ? undefined : /: /.exec(relay.ready() as string)?.[0]), 'the reason');
    expect(relay.isAlive(60_000)).toBe(true);
    await relay.stop();
  });
});
