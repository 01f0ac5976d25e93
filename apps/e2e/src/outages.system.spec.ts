import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { PersistentProducer } from './testing/persistent-producer.js';
import { RecordingReceiver } from './testing/recording-receiver.js';
import type { Endpoint } from './testing/recording-receiver.js';
import { RunningSystem } from './testing/running-system.js';
import { until } from './testing/until.js';

jest.setTimeout(300_000);

const OUTAGE_MS = 20_000;
let system: RunningSystem;
let receiver: RecordingReceiver;

beforeAll(async () => {
  [system, receiver] = await Promise.all([RunningSystem.start(), RecordingReceiver.listen()]);
});

afterAll(async () => {
  await system.stop();
  await receiver.goAway();
});

async function subscribe(type: string): Promise<{ endpoint: Endpoint; webhook: string; producer: PersistentProducer }> {
  const endpoint = receiver.at(`/${type}`);
  const webhook = await system.createWebhook({ handler: endpoint.url, trigger: type });
  await system.settled();
  return { endpoint, webhook, producer: new PersistentProducer(system, type) };
}

/** Sends until it is told to stop; resolves with the number of events. */
async function load(producer: PersistentProducer, stop: AbortSignal): Promise<number> {
  let sent = 0;
  for (; !stop.aborted; sent += 100) await producer.send(sent, sent + 100);
  return sent;
}

describe('an outage', () => {
  it('given a broker that is away for 20 s under load, then ingest says so, nothing accepted is lost, and all goes on by itself', async () => {
    const type = 'outage.kafka';
    const { endpoint, webhook, producer } = await subscribe(type);
    const stop = new AbortController();
    const loading = load(producer, stop.signal);
    await endpoint.receives(500);

    system.stack.hold('kafka');
    system.stack.kill('kafka');
    await until(() => producer.refusals.length > 0, 'ingest refuses events');
    system.stack.kill('delivery');
    await pause(OUTAGE_MS);
    const single = await system.call('POST', '/v1/events', { type, data: {} });
    expect([single.status, ((await single.json()) as { code: string }).code]).toEqual([503, 'broker_unavailable']);
    // What has not loaded its configuration is not ready.
    expect((await fetch(`${system.stack.urls.delivery}/ready`)).status).toBe(503);
    const before = producer.accepted.size;

    system.stack.release('kafka');
    await until(() => producer.accepted.size >= before + 500, 'events are accepted again', 120_000);
    stop.abort();
    const sent = await loading;
    await until(() => endpoint.arrived.size >= sent, 'everything accepted has arrived', 120_000);

    expect(producer.accepted.size).toBe(sent);
    expect(endpoint.arrived).toEqual(producer.accepted);
    for (const refusal of producer.refusals)
      expect(refusal).toEqual({ status: 503, retryAfter: expect.stringMatching(/^[1-9]\d*$/) });
    await system.delivered(webhook, endpoint.arrived);
  });

  it('given a PostgreSQL that is away under load, then events go on, changes are refused, and history catches up', async () => {
    const type = 'outage.postgres';
    const { endpoint, webhook, producer } = await subscribe(type);
    await producer.send(0, 200);

    system.stack.hold('postgres');
    system.stack.kill('postgres');
    await producer.send(200, 1_000);
    await endpoint.receives(1_000);
    const change = await system.call('POST', '/v4/webhooks', { handler: endpoint.url, trigger: 'open' });
    const reading = await system.call('GET', `/v1/attempts?webhook=${webhook}`);

    expect(system.stack.pids()).not.toHaveProperty('postgres');
    expect([change.status, reading.status]).toEqual([503, 503]);
    expect(change.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
    expect(endpoint.arrived).toEqual(producer.accepted);
    expect(producer.refusals).toEqual([]);

    system.stack.release('postgres');
    await system.stack.ready('postgres');
    await until(
      async () => (await system.call('GET', `/v1/attempts?webhook=${webhook}&limit=1`)).status === 200,
      'history answers again',
    );
    expect(await system.delivered(webhook, endpoint.arrived)).toHaveLength(1_000);
    let answer = '';
    await until(
      async () => {
        const changed = await system.call('PUT', `/v4/webhook/${webhook}`, { concurrency: 5 });
        answer = `${changed.status} ${await changed.text()}`;
        return changed.status === 204;
      },
      () => `changes are taken again: ${answer}`,
    );
    await system.settled();
  });
});
