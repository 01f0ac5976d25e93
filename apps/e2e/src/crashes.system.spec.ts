import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { SERVICES, startStack } from '@postduif/stack';
import type { ServiceName, Stack } from '@postduif/stack';
import { BATCH, PersistentProducer } from './testing/persistent-producer.js';
import { RecordingReceiver } from './testing/recording-receiver.js';
import type { Answer, Endpoint, Script } from './testing/recording-receiver.js';
import { RunningSystem } from './testing/running-system.js';
import { until } from './testing/until.js';

jest.setTimeout(300_000);

const EVENTS = 5_000;
/** Requests after which the crash comes, and how far producers may run ahead of the receiver: it hits them all in their work. */
const CRASH_AFTER = 2_000;
const AHEAD = 500;
const PRODUCERS = 2;
/** Requests in flight that the webhook allows. */
const SLOTS = 10;
/** So many that two processes have about half of them each, with one request in flight for each. */
const SHARDS = 32;
/** What a slow receiver takes for an answer, and how many requests at once: something is always in flight, and most of a burst is diverted. */
const SLOW_MS = 150;
const SLOW_SLOTS = 6 * SHARDS;
/** Of those, what a machine that is busy may not have done within a second. */
const FEW = SLOW_SLOTS / 4;
/** What a second process needs to send, too. */
const env = { all: { ENCRYPTION_KEY: randomBytes(32).toString('base64') } };

let system: RunningSystem;
let receiver: RecordingReceiver;
/** A second delivery process. */
let other: Stack | undefined;

beforeAll(async () => {
  [system, receiver] = await Promise.all([RunningSystem.start({ env }), RecordingReceiver.listen()]);
});

afterAll(async () => {
  await stopOther();
  await system.stop();
  await receiver.goAway();
});

/** Longer than a session in its consumer group. */
const FREEZE_MS = 9_000;
/** Between two commits fan-out gets at most a batch of each producer: they post the next when the receiver has got as many. */
const REPEATS_OF_FAN_OUT = PRODUCERS * BATCH;
/**
 * What is in flight comes again, and what has ended while an attempt is written and a commit (at most 20 ms after the last) is made: about
 * four requests a slot. A slow machine makes both slower alike; three times as much is for what is slower by itself, as a broker that pauses.
 */
const REPEATS_OF_DELIVERY = SLOTS * 3 * (1 + 4);
const cases: [signal: NodeJS.Signals, what: string, services: readonly ServiceName[], mostRepeats: number][] = [
  ['SIGKILL', 'subscription', ['subscription'], 0],
  ['SIGKILL', 'event-ingest', ['event-ingest'], 0],
  ['SIGKILL', 'fan-out', ['fan-out'], REPEATS_OF_FAN_OUT],
  ['SIGKILL', 'delivery', ['delivery'], REPEATS_OF_DELIVERY],
  ['SIGKILL', 'history', ['history'], 0],
  ['SIGKILL', 'all services', SERVICES, REPEATS_OF_FAN_OUT + REPEATS_OF_DELIVERY],
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
      const attempts = await system.delivered(webhook, endpoint.arrived);
      expect(endpoint.repeats).toBeLessThanOrEqual(mostRepeats);
      expect(attempts.length).toBeLessThanOrEqual(endpoint.requests.length);
    },
  );

  it.each([
    ['fan-out', REPEATS_OF_FAN_OUT],
    ['delivery', REPEATS_OF_DELIVERY],
  ] as const)(
    'given SIGSTOP for %s for longer than its session, then all of them arrive when it goes on, hardly any twice',
    async (service, mostRepeats) => {
      const { endpoint, producer } = await interrupted(`SIGSTOP.${service}`, async () => {
        system.stack.kill(service, 'SIGSTOP');
        await pause(FREEZE_MS);
        system.stack.kill(service, 'SIGCONT');
      });
      expect(endpoint.arrived).toEqual(producer.accepted);
      expect(endpoint.repeats).toBeLessThanOrEqual(mostRepeats);
    },
  );

  it('given SIGSTOP for one of two delivery processes, then the other takes over, and only what was in flight is repeated when the first goes on', async () => {
    await startOther();
    const script = (nth: number): Answer | 'hang' => (nth < CRASH_AFTER ? { status: 200 } : 'hang');
    let inFlight = NaN;
    const { endpoint, producer } = await interrupted(
      'SIGSTOP.one-of-two',
      async (at) => {
        // What was answered is committed by then; what was read still waits for a slot, and would be diverted if it waited much longer.
        await pause(500);
        inFlight = at.open;
        system.stack.kill('delivery', 'SIGSTOP');
        at.become();
        await until(() => at.arrived.size === EVENTS, 'the other process has delivered all');
        system.stack.kill('delivery', 'SIGCONT');
      },
      { script, shards: SHARDS, concurrency: SHARDS },
    );
    await until(
      async () => (await fetch(`${system.stack.managementUrls.delivery}/ready`)).ok,
      'the first belongs to the group again',
    );
    // These wait behind whatever it had read before and might still send.
    await producer.send(EVENTS, EVENTS + AHEAD);
    await until(() => endpoint.arrived.size === EVENTS + AHEAD, 'the later events have arrived');

    expect(endpoint.arrived).toEqual(producer.accepted);
    expect(endpoint.repeats).toBeLessThanOrEqual(inFlight);
  });
});

describe('in a burst that is faster than the receiver', () => {
  beforeAll(stopOther);

  it.each([
    ['SIGTERM', 0],
    ['SIGKILL', REPEATS_OF_DELIVERY],
  ] as const)(
    'given %s for delivery with a thousand queued, then all arrive after the restart, and what was queued is not sent twice',
    async (signal, mostRepeats) => {
      const type = `burst.${signal}`;
      const endpoint = receiver.at(`/${type}`);
      await system.createWebhook({ handler: endpoint.url, trigger: type, concurrency: SLOTS });
      await system.settled();
      const producer = new PersistentProducer(system, type);
      const sending = Promise.all([producer.send(0, EVENTS), producer.send(EVENTS, 2 * EVENTS)]);
      await until(async () => (await queued()) > 1_000, 'a thousand are queued');
      system.stack.kill('delivery', signal);
      await sending;
      await until(() => endpoint.arrived.size === 2 * EVENTS, 'all events have arrived');

      expect(endpoint.arrived).toEqual(producer.accepted);
      expect(endpoint.repeats).toBeLessThanOrEqual(mostRepeats);
    },
  );
});

describe('in a burst of which most is diverted', () => {
  afterEach(stopOther);

  it.each<[what: string, others: number, move: () => Promise<void>]>([
    ['joins', 0, startOther],
    ['leaves', 1, stopOther],
  ])(
    'when a second delivery process %s, then all arrive, and hardly anything of what was in flight or diverted just then is sent twice',
    async (what, others, move) => {
      if (others > 0) await startOther();
      const type = `moving.${what}`;
      const endpoint = receiver.at(`/${type}`, () => ({ status: 200, afterMs: SLOW_MS }));
      const pace = { shards: SHARDS, concurrency: SLOW_SLOTS };
      await system.createWebhook({ handler: endpoint.url, trigger: type, ...pace });
      await system.settled();
      const producer = new PersistentProducer(system, type);
      await producer.send(0, EVENTS);
      await Promise.all([producer.send(EVENTS, 3 * EVENTS), move()]);
      await until(() => endpoint.arrived.size === 3 * EVENTS, 'all events have arrived');

      expect(endpoint.arrived).toEqual(producer.accepted);
      expect(endpoint.repeats).toBeLessThanOrEqual(FEW);
    },
  );
});

async function startOther(): Promise<void> {
  const { brokers, databaseUrl } = system.stack;
  other = await startStack({ services: ['delivery'], stores: [], brokers, databaseUrl, env });
}

async function stopOther(): Promise<void> {
  await other?.stop();
  other = undefined;
}

/** Deliveries in the memory of delivery that wait to be sent. */
async function queued(): Promise<number> {
  const text = await (await fetch(`${system.stack.managementUrls.delivery}/metrics`)).text();
  return Number(/^postduif_delivery_queued\{.*\} (\d+)$/m.exec(text)?.[1]);
}

/** Sends the events, and does something in the middle; resolves when all have arrived. */
async function interrupted(
  type: string,
  interrupt: (endpoint: Endpoint) => Promise<void> | void,
  { script, ...pace }: { script?: Script; shards?: number; concurrency?: number } = {},
) {
  const endpoint = receiver.at(`/${type}`, script);
  const webhook = await system.createWebhook({ handler: endpoint.url, trigger: type, concurrency: SLOTS, ...pace });
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
  await interrupt(endpoint);
  await sending;
  await until(() => endpoint.arrived.size === EVENTS, 'all events have arrived');
  return { endpoint, webhook, producer };
}
