import { describe, expect, it, jest } from '@jest/globals';
import { numbers, stream, webhook, World, worldOf } from '../testing/world.js';
import type { Answer } from '../testing/world.js';
import { DEFAULT_ROOM } from './delivery-engine.js';

// Days of simulated time, on a machine that may be busy.
jest.setTimeout(60_000);

const HOUR_MS = 3_600_000;
const MIB = 1024 * 1024;

describe('DeliveryEngine, of webhooks beside one another', () => {
  describe('what waits for us alone', () => {
    it('given requests under way, and others queued for a slow receiver, then none of them does', async () => {
      const world = worldOf(() => ({ status: 200, afterMs: 1_500 }), { rate: 0.4 });
      for (const event of numbers(2)) world.send('1', event);
      await world.clock.advance(100);

      expect(world.engine.state).toMatchObject({ inFlight: 1, queued: 1 });
      expect(world.engine.pending).toBe(0);
    });

    it('given more deliveries of a fast receiver than we get done, then those do, for as long as it takes, and others go on', async () => {
      const world = new World({ ownDelayMs: () => 1_000 });
      world.webhooks.set('1', webhook('1', { concurrency: 20 }));
      world.webhooks.set('2', webhook('2'));
      for (const event of numbers(8_000)) world.send('1', event);
      const { pending } = world.engine;
      await world.clock.advance(2_000);
      world.send('2', 'a');
      await world.clock.advance(100);

      expect([pending, world.delivered.some((one) => one.webhook === '2')]).toEqual([7_980, true]);
      await world.clock.advance(4_000);
      expect([world.delivered.length, world.diverted, world.engine.pending]).toEqual([8_001, 0, 0]);
    });

    it('given more of them than there is memory for, then the rest is diverted, comes back as it can be sent, and others go on', async () => {
      const world = new World({ ownDelayMs: () => 1_000, room: { ...DEFAULT_ROOM, briefBytes: 5 * MIB } });
      world.webhooks.set('1', webhook('1', { concurrency: 20 }));
      world.webhooks.set('2', webhook('2'));
      for (const event of numbers(10_000)) world.send('1', event);
      const { queued } = world.engine.state;
      world.send('2', 'a');
      await world.clock.advance(100);

      // It may have four fifths of it, and each takes more than two KiB.
      expect([queued > 2_000, queued < 2_048]).toEqual([true, true]);
      expect(world.delivered.some((one) => one.webhook === '2')).toBe(true);
      await world.clock.advance(30_000);
      expect([world.delivered.length, world.crowded]).toEqual([10_001, ['1']]);
      expect(world.diverted).toBeLessThan(3 * 8_000);
      const before = world.diverted;
      for (const event of numbers(2_000)) world.send('1', `later ${event}`);
      await world.clock.advance(4_000);
      expect([world.delivered.length, world.diverted]).toEqual([12_001, before]);
    });

    it('given a receiver that only seems to be kept by us, then nothing does for long, and what is too much is diverted', async () => {
      const world = new World({ ownDelayMs: () => 50, room: { ...DEFAULT_ROOM, briefBytes: 5 * MIB } });
      world.webhooks.set('1', webhook('1'));
      world.answer = () => ({ status: 200, afterMs: 45 });
      const most = { pending: 0, queued: 0 };
      for (let ms = 0; ms < 60_000; ms += 100) {
        for (const event of numbers(40)) world.send('1', `${ms} ${event}`);
        await world.clock.advance(100);
        most.pending = Math.max(most.pending, world.engine.pending);
        most.queued = Math.max(most.queued, world.engine.state.queued);
      }

      // What comes in five seconds does.
      expect(most.pending).toBeGreaterThan(1_500);
      expect(most.pending).toBeLessThan(2_100);
      expect(most.queued).toBeLessThan(2_100);
      expect(world.engine.pending).toBe(0);
      expect(world.diverted).toBeGreaterThan(0);
      expect(world.crowded).toEqual(['1']);
      world.answer = () => ({ status: 200, afterMs: 1 });
      await world.clock.advance(3_600_000);
      for (const event of numbers(20)) world.send('1', `later ${event}`);
      expect(world.engine.pending).toBe(10);
    });

    it('given that, and ten thousand at once, then none does after five seconds, and none is kept in memory for more than half a minute', async () => {
      const world = new World({ ownDelayMs: () => 150 });
      world.webhooks.set('1', webhook('1', { concurrency: 20 }));
      world.answer = () => ({ status: 200, afterMs: 145 });
      for (const event of numbers(8_000)) world.send('1', event);
      const pending = [];
      for (const ms of [4_000, 2_000, 25_000]) {
        await world.clock.advance(ms);
        pending.push(world.engine.pending);
      }

      expect(pending).toEqual([expect.any(Number), 0, 0]);
      expect(pending[0]).toBeGreaterThan(7_000);
      expect(world.engine.state.queued).toBeLessThan(200);
      expect(world.diverted).toBeGreaterThan(3_000);
    });

    it('given a receiver that hangs when thousands wait for us to send them, then they are diverted by and by, and others go on', async () => {
      const world = new World({ ownDelayMs: () => 50 });
      world.webhooks.set('1', webhook('1'));
      world.webhooks.set('2', webhook('2'));
      world.answer = (id) => ({ status: 200, afterMs: id === '1' ? 30_000 : 10 });
      for (const event of numbers(10_000)) world.send('1', event);
      const { queued } = world.engine.state;
      const { diverted } = world;
      let most = 0;
      const at = world.clock.at.bind(world.clock);
      world.clock.at = (moment, work) =>
        at(moment, () => {
          const before = world.diverted;
          work();
          most = Math.max(most, world.diverted - before);
        });
      await world.clock.advance(4_000);

      expect(queued).toBeGreaterThan(4_000);
      expect(world.engine.state.queued).toBeLessThan(10);
      expect(world.diverted - diverted).toBeGreaterThan(4_000);
      expect(most).toBe(200);
      world.send('2', 'a');
      await world.clock.advance(100);
      expect(world.delivered).toHaveLength(1);
    });

    it('given receivers that are slower than their events, then none does, and the rest is diverted', async () => {
      const world = new World({ ownDelayMs: () => 40 });
      world.answer = (id) => ({ status: 200, afterMs: id === 'busy' ? 1 : 100 });
      world.webhooks.set('busy', webhook('busy', { rate: 2_000, concurrency: 200 }));
      for (const id of numbers(12)) world.webhooks.set(id, webhook(id));
      let most = 0;
      for (let ms = 0; ms < 4_000; ms += 100) {
        for (const event of numbers(300)) world.send('busy', `${ms} ${event}`);
        for (const id of numbers(12)) for (const event of numbers(12)) world.send(id, `${ms} ${event}`);
        await world.clock.advance(100);
        if (ms < 1_000) continue;
        most = Math.max(most, world.engine.pending);
      }

      expect(most).toBe(0);
      expect(world.diverted).toBeGreaterThan(0);
    });

    it('given large bodies, then fewer of them are as much', async () => {
      const world = new World({ ownDelayMs: () => 1_000 });
      world.webhooks.set('1', webhook('1'));
      for (const event of numbers(200)) world.send('1', event, 100 * 1024);

      expect(world.engine.pending).toBe(190 * 9);
      await world.clock.advance(4_000);
      expect([world.engine.pending, world.delivered.length]).toEqual([0, 200]);
    });

    it('given webhooks that are not known, then their deliveries do, until the configuration is current and what follows is durable', async () => {
      const world = new World();
      const current = Promise.withResolvers<undefined>();
      world.newer = () => current.promise;
      world.durableAfterMs = 50;
      for (const event of numbers(7)) world.send('1', event);
      await world.clock.advance(10_000);
      const asking = world.engine.pending;
      current.resolve(undefined);
      await world.clock.advance(40);
      const burying = world.engine.pending;
      await world.clock.advance(1_000);

      expect([asking, burying, world.engine.pending]).toEqual([7, 7, 0]);
      expect(world.dead).toHaveLength(7);
    });

    it('given answers that are not written down yet, or that nothing may begin, then those do', async () => {
      let mayBegin = true;
      const world = new World({ mayBegin: () => mayBegin });
      world.webhooks.set('1', webhook('1'));
      for (const event of numbers(3)) world.send('1', event);
      world.loseKafka();
      await world.clock.advance(1_000);
      const unwritten = world.engine.pending;
      world.findKafka();
      await world.clock.advance(1_000);
      mayBegin = false;
      for (const event of numbers(2)) world.send('1', event);

      expect([unwritten, world.engine.pending]).toEqual([3, 2]);
    });
  });

  describe('isolation', () => {
    it('given receivers that hang, crawl, reset or fail, then a healthy one gets every event as fast as alone', async () => {
      const world = new World();
      const answers: Record<string, Answer> = {
        healthy: { status: 200, afterMs: 10 },
        hangs: { status: 0, afterMs: 30_000 },
        crawls: { status: 200, afterMs: 5_000 },
        resets: { status: 0, afterMs: 5 },
        fails: { status: 500, afterMs: 5 },
      };
      for (const id of Object.keys(answers)) world.webhooks.set(id, webhook(id));
      world.answer = (id) => answers[id]!;
      const sentAt = new Map<string, number>();
      let mostQueued = 0;
      for (let event = 0; event < 2_000; event++) {
        for (const id of Object.keys(answers)) world.send(id, `${event}`);
        sentAt.set(`${event}`, world.clock.now());
        await world.clock.advance(20);
        mostQueued = Math.max(mostQueued, world.engine.state.queued);
      }

      const latencies = world.delivered
        .filter((one) => one.webhook === 'healthy')
        .map((one) => one.at - sentAt.get(one.event)!);
      expect(latencies).toHaveLength(2_000);
      expect(Math.max(...latencies)).toBe(10);
      expect(mostQueued).toBeLessThan(200);
    });

    it('given more hanging webhooks than would fill all slots and all memory, then a healthy one is as fast as alone', async () => {
      const world = new World({ room: { ...DEFAULT_ROOM, slots: 150, records: 1_500, bytes: 150_000 } });
      const hanging = numbers(30);
      for (const id of hanging) world.webhooks.set(id, webhook(id));
      world.webhooks.set('healthy', webhook('healthy'));
      world.answer = (id) => (id === 'healthy' ? { status: 200, afterMs: 10 } : { status: 0, afterMs: 30_000 });
      const latencies: number[] = [];
      for (let event = 0; event < 350; event++) {
        for (const id of hanging) world.send(id, `${event}`, 1_000);
        world.send('healthy', `${event}`, 100);
        const sentAt = world.clock.now();
        await world.clock.advance(100);
        latencies.push((world.delivered.at(-1)?.at ?? Infinity) - sentAt);
      }

      expect(Math.max(...latencies)).toBe(10);
    });

    it('given bodies that others leave no room for, then they are sent as soon as there is some, or wait on the wheel', async () => {
      const world = new World({ room: { ...DEFAULT_ROOM, slots: 100, records: 100, bytes: 16_000 } });
      for (const id of ['slow', 'other']) world.webhooks.set(id, webhook(id));
      let slowForMs = 700;
      world.answer = (id) => ({ status: 200, afterMs: id === 'slow' ? slowForMs : 10 });
      for (const event of ['a', 'b', 'c']) world.send('slow', event, 2_500);
      world.send('other', 'waits', 6_000);
      world.send('other', 'behind', 10);
      await world.clock.advance(720);
      const arrived = world.delivered.map(({ event }) => event);
      const diverted = world.diverted;
      slowForMs = 30_000;
      for (const event of ['d', 'e', 'f']) world.send('slow', event, 2_500);
      world.send('other', 'returns', 6_000);
      await world.clock.advance(2_000);

      expect(arrived).toEqual(['a', 'b', 'waits', 'behind']);
      expect(diverted).toBe(0);
      expect(world.diverted).toBeGreaterThan(0);
      await world.clock.advance(60_000);
      expect(world.delivered).toHaveLength(9);
    });

    it('given receivers that hang with bodies of megabytes, then small bodies of others are as fast as alone, and memory is bounded', async () => {
      const world = new World({ room: { ...DEFAULT_ROOM, bytes: 32_000 } });
      const hanging = numbers(40);
      for (const id of [...hanging, 'healthy']) world.webhooks.set(id, webhook(id));
      world.answer = (id) => (id === 'healthy' ? { status: 200, afterMs: 10 } : { status: 0, afterMs: 30_000 });
      const latencies: number[] = [];
      for (let event = 0; event < 95; event++) {
        world.send(hanging[event % hanging.length]!, `${event}`, 1_000 + 1_000 * (event % 5));
        world.send('healthy', `${event}`, 1);
        const sentAt = world.clock.now();
        await world.clock.advance(300);
        latencies.push((world.delivered.at(-1)?.at ?? Infinity) - sentAt);
      }
      const held = world.posts.filter(({ webhook: id }) => id !== 'healthy');

      expect(Math.max(...latencies)).toBe(10);
      expect(held.reduce((bytes, { body }) => bytes + body.length, 0)).toBeLessThanOrEqual(32_000);
    });

    it.each([
      ['large bodies', 10_000, 10, 300],
      ['small bodies', 100, 200, 50],
    ])(
      'given large bodies of many receivers that hang, one after the other, then %s of others are as fast as alone',
      async (_bodies, bytes, afterMs, gapMs) => {
        const world = new World({ room: { ...DEFAULT_ROOM, bytes: 2_400_000 } });
        const hanging = numbers(20);
        for (const id of hanging) world.webhooks.set(id, webhook(id, { concurrency: 200 }));
        world.webhooks.set('healthy', webhook('healthy'));
        world.answer = (id) => (id === 'healthy' ? { status: 200, afterMs } : { status: 0, afterMs: 30_000 });
        for (const id of hanging) for (const event of numbers(200)) world.send(id, event, 10_000);
        const sentAt = new Map<string, number>();
        for (let event = 0; event < 80; event++) {
          world.send('healthy', `${event}`, bytes);
          sentAt.set(`${event}`, world.clock.now());
          await world.clock.advance(gapMs);
        }
        await world.clock.advance(afterMs);

        const latencies = world.delivered.map(({ event, at }) => at - sentAt.get(event.trim())!);
        expect(latencies).toEqual(Array(80).fill(afterMs));
      },
    );

    it('given a webhook that is slower than its events, then no record waits longer than the queue allows and all arrive', async () => {
      const world = worldOf(() => ({ status: 200, afterMs: 200 }), { concurrency: 2 });
      await stream(world, 300, 10);
      await world.clock.advance(120_000);

      expect(world.delivered.map((one) => one.event).sort()).toEqual(numbers(300).sort());
      expect(world.unacknowledged).toBe(0);
    });

    it('given a receiver that is down for hours, then its deliveries hop rarely, it gets few requests, and all arrive soon after', async () => {
      let down = true;
      const world = worldOf(() => ({ status: down ? 503 : 200, afterMs: 10 }), {
        schedule: Array.from({ length: 20 }, () => 3_600),
      });
      const outageMs = 4 * HOUR_MS;
      await stream(world, 400, 100);
      await world.clock.advance(outageMs - 400 * 100);
      const postsWhileDown = world.posts.length;
      const hops = world.diverted / 400;
      down = false;
      const backAt = world.clock.now();
      await world.clock.advance(3 * HOUR_MS);

      expect(hops).toBeLessThan(20);
      expect(postsWhileDown).toBeLessThan(outageMs / 30_000 + 100);
      expect(new Set(world.delivered.map((one) => one.event)).size).toBe(400);
      expect(Math.max(...world.delivered.map(({ at }) => at)) - backAt).toBeLessThanOrEqual(outageMs / 2 + 60_000);
    });

    it('given a receiver that hangs for an hour, then what it costs does not grow with what waits', async () => {
      const world = worldOf(() => ({ status: 0, afterMs: 30_000 }), {
        schedule: Array.from({ length: 20 }, () => 3_600),
      });
      const perSecond: number[] = [];
      for (let minute = 0; minute < 60; minute++) {
        const before = world.diverted;
        await stream(world, 600, 100);
        perSecond.push((world.diverted - before) / 60);
      }

      const mean = (values: number[]): number => values.reduce((sum, value) => sum + value) / values.length;
      expect(mean(perSecond)).toBeLessThan(4 * 10);
      expect(mean(perSecond.slice(45))).toBeLessThan(5 * 10);
      expect(Math.max(...perSecond)).toBeLessThan(12 * 10);
    });

    it('given a receiver that is back after two minutes, then what waited is with it within a minute', async () => {
      let down = true;
      const world = worldOf(() => ({ status: down ? 0 : 200, afterMs: 10 }));
      await stream(world, 2_400, 50);
      down = false;
      const backAt = world.clock.now();
      await world.clock.advance(600_000);

      const diverted = world.delivered.filter(
        ({ event }) => world.posts.filter((post) => post.event === event).length === 1,
      );
      expect(diverted.length).toBeGreaterThan(2_000);
      expect(Math.max(...diverted.map(({ at }) => at)) - backAt).toBeLessThan(75_000);
    });
  });
});
