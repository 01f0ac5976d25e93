import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { encodeDeliveryHeaders, topicNames } from '@postduif/contracts';
import { plainKafka } from './testing/recorded-topic.js';
import { RecordingReceiver } from './testing/recording-receiver.js';
import { RunningSystem } from './testing/running-system.js';
import { until } from './testing/until.js';

jest.setTimeout(300_000);

const MIB = 1024 * 1024;
const LOOK_MS = 500;

let system: RunningSystem;
let receiver: RecordingReceiver;

beforeAll(async () => {
  [system, receiver] = await Promise.all([RunningSystem.start(), RecordingReceiver.listen()]);
});

afterAll(async () => {
  await system.stop();
  await receiver.goAway();
});

/** Memory of delivery, in bytes. */
async function memory(): Promise<number> {
  const processes = await system.stack.processes();
  return processes.find(({ name }) => name === 'delivery')?.memory ?? NaN;
}

/** The most memory that delivery has while something goes on. */
async function mostMemoryDuring(work: Promise<unknown>): Promise<number> {
  let most = 0;
  for (let ended = false; !ended;) {
    most = Math.max(most, await memory());
    ended = await Promise.race([pause(LOOK_MS, false), work.then(() => true)]);
  }
  return most;
}

async function metric(name: string): Promise<number> {
  const text = await (await fetch(`${system.stack.managementUrls.delivery}/metrics`)).text();
  const values = text.split('\n').filter((line) => line.startsWith(`${name}{`));
  return values.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}

const WAITING = 1_000_000;
const BATCH = 10_000;
const HOUR_MS = 3_600_000;
const topics = topicNames('postduif.');

/** Puts small deliveries to these webhooks in turn on a topic. */
async function fill(topic: string, count: number, webhooks: readonly string[], more: { dueAt?: number } = {}) {
  const producer = plainKafka(system.stack.brokers).producer();
  await producer.connect();
  const value = Buffer.alloc(100, 'x');
  const acceptedAt = Date.now();
  for (let sent = 0; sent < count; sent += BATCH) {
    const messages = Array.from({ length: BATCH }, (_, index) => {
      const number = sent + index;
      const webhook = webhooks[number % webhooks.length] ?? '';
      const headers = encodeDeliveryHeaders({
        ...{ delivery: `filled-${number}`, account: '1', webhook, event: `event-${number}` },
        ...{ trigger: 'test.filled', contentType: 'application/json', attempt: 1, acceptedAt, ...more },
      });
      return { key: webhook, value, headers };
    });
    await producer.send({ topic, messages });
  }
  await producer.disconnect();
}

/** Ids that no webhook has. */
const nobody = Array.from({ length: 60 }, (_, n) => String(1_000_000 + n));

/** Puts deliveries on the wheel that wait for the better part of an hour. */
const fillWheel = () => fill(topics.retry['1h'], WAITING, nobody, { dueAt: Date.now() + 0.8 * HOUR_MS });

/** Sends events of some types in turn, 16 at once. */
async function send(types: readonly string[], count: number, text: string): Promise<void> {
  const senders = Array.from({ length: 16 }, async (_, sender) => {
    for (let n = sender; n < count; n += 16) await system.post({ type: types[n % types.length] ?? '', data: { text } });
  });
  await Promise.all(senders);
}

describe('memory of delivery', () => {
  it('given a million deliveries that wait on the wheel, then they cost less than 100 MiB, also after a kill -9', async () => {
    const endpoint = receiver.at('/test.quick');
    await system.createWebhook({ handler: endpoint.url, trigger: 'test.quick' });
    await system.settled();
    // At work a process takes more than when it has just started.
    const before = await mostMemoryDuring(send(['test.quick'], 5_000, 'x'.repeat(1_000)));

    const most = await mostMemoryDuring(fillWheel());
    await until(async () => (await metric('postduif_wheel_records')) >= WAITING, 'delivery knows what waits');
    expect((most - before) / MIB).toBeLessThan(100);

    system.stack.kill('delivery');
    await system.stack.ready('delivery');
    const known = until(async () => (await metric('postduif_wheel_records')) >= WAITING, 'delivery knows what waits');
    const later = await mostMemoryDuring(known.then(() => pause(5_000)));
    expect((later - before) / MIB).toBeLessThan(100);
  });

  it('given 300 MB of events, as fast as they are accepted, and receivers that hang, then it stays under 400 MiB', async () => {
    const types = Array.from({ length: 10 }, (_, n) => `test.hanging-${n}`);
    for (const type of types)
      await system.createWebhook({ handler: receiver.at(`/${type}`, () => 'hang').url, trigger: type });
    await system.settled();

    const most = await mostMemoryDuring(send(types, 3_000, 'x'.repeat(100_000)).then(() => pause(10_000)));

    expect(await metric('postduif_diversions_total')).toBeGreaterThan(1_000);
    expect(most / MIB).toBeLessThan(400);
  });

  it('given 200,000 small ones at once, for receivers that hang and for webhooks that are deleted, then it stays under 400 MiB', async () => {
    const handler = receiver.at('/test.hangs', () => 'hang').url;
    const hanging = await Promise.all(
      Array.from({ length: 5 }, () => system.createWebhook({ handler, trigger: 'test.hangs' })),
    );
    await system.settled();
    const filled = fill(topics.deliveries, 200_000, [...hanging, ...nobody.slice(0, 15)]);
    const dead = filled.then(() =>
      until(async () => (await metric('postduif_dead_total')) >= 150_000, 'those of deleted webhooks are dead'),
    );

    expect((await mostMemoryDuring(dead)) / MIB).toBeLessThan(400);
  });
});
