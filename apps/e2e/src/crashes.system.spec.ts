import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { SERVICES } from '@postduif/stack';
import type { ServiceName } from '@postduif/stack';
import { PersistentProducer } from './testing/persistent-producer.js';
import { RecordingReceiver } from './testing/recording-receiver.js';
import { RunningSystem } from './testing/running-system.js';
import { until } from './testing/until.js';

jest.setTimeout(300_000);

const EVENTS = 5_000;
/** Requests after which the crash comes, and how far producers may run ahead of the receiver: it hits them all in their work. */
const CRASH_AFTER = 2_000;
const AHEAD = 1_000;

let system: RunningSystem;
let receiver: RecordingReceiver;

beforeAll(async () => {
  [system, receiver] = await Promise.all([RunningSystem.start(), RecordingReceiver.listen()]);
});

afterAll(async () => {
  await system.stop();
  await receiver.goAway();
});

/** Longer than a session in its consumer group. */
const FREEZE_MS = 9_000;
/** Of what was in flight, or done in the moment before the crash, and so not committed yet: on a busy machine a moment is long. */
const MOST_REPEATS = 500;
const cases: [signal: NodeJS.Signals, what: string, services: readonly ServiceName[], mostRepeats: number][] = [
  ['SIGKILL', 'subscription', ['subscription'], 0],
  ['SIGKILL', 'event-ingest', ['event-ingest'], 0],
  ['SIGKILL', 'fan-out', ['fan-out'], MOST_REPEATS],
  ['SIGKILL', 'delivery', ['delivery'], MOST_REPEATS],
  ['SIGKILL', 'history', ['history'], 0],
  ['SIGKILL', 'all services', SERVICES, 2 * MOST_REPEATS],
  ['SIGTERM', 'all services', SERVICES, 0],
];

describe('in the middle of 5,000 events', () => {
  it.each(cases)(
    'given %s for %s, then all of them arrive after the restart, hardly any twice, and history knows each',
    async (signal, what, services, mostRepeats) => {
      const { endpoint, webhook, producer } = await interrupted(`${signal}.${what.replaceAll(' ', '-')}`, () => {
        for (const service of services) system.stack.kill(service, signal);
      });
      await Promise.all(services.map((service) => system.stack.ready(service)));

      expect(endpoint.arrived).toEqual(producer.accepted);
      expect(endpoint.repeats).toBeLessThanOrEqual(mostRepeats);
      const attempts = await system.delivered(webhook, endpoint.arrived);
      expect(attempts.length).toBeLessThanOrEqual(endpoint.requests.length);
    },
  );

  it.each(['fan-out', 'delivery'] as const)(
    'given SIGSTOP for %s for longer than its session, then it does nothing that it is not sure of when it goes on',
    async (service) => {
      const { endpoint, producer } = await interrupted(`SIGSTOP.${service}`, async () => {
        system.stack.kill(service, 'SIGSTOP');
        await pause(FREEZE_MS);
        system.stack.kill(service, 'SIGCONT');
      });
      expect(endpoint.arrived).toEqual(producer.accepted);
      expect(endpoint.repeats).toBeLessThanOrEqual(MOST_REPEATS);
    },
  );
});

/** Sends the events, and does something in the middle; resolves when all have arrived. */
async function interrupted(type: string, interrupt: () => Promise<void> | void) {
  const endpoint = receiver.at(`/${type}`);
  const webhook = await system.createWebhook({ handler: endpoint.url, trigger: type });
  await system.settled();
  const producer = new PersistentProducer(system, type);
  const arrived = (): number => endpoint.requests.length;
  const room = async (): Promise<void> => {
    await until(() => producer.accepted.size - arrived() < AHEAD, 'the receiver has caught up');
  };

  const half = EVENTS / 2;
  const sending = Promise.all([producer.send(0, half, room), producer.send(half, EVENTS, room)]);
  await until(() => arrived() >= CRASH_AFTER, 'the events are on their way');
  expect(producer.accepted.size).toBeLessThan(EVENTS);
  await interrupt();
  await sending;
  await until(() => endpoint.arrived.size === EVENTS, 'all events have arrived');
  return { endpoint, webhook, producer };
}
