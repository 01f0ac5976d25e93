import { describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { numbers, stream, webhook, World, worldOf } from '../testing/world.js';
import type { Answer } from '../testing/world.js';
import { DEFAULT_ROOM } from './delivery-engine.js';

// Days of simulated time, on a machine that may be busy.
jest.setTimeout(60_000);

const HOUR_MS = 3_600_000;

describe('DeliveryEngine', () => {
  describe('outcomes', () => {
    it('given a receiver that fails twice, when it recovers, then it gets three identical bodies by the schedule', async () => {
      const world = worldOf((_webhook, _event, attempt) => ({ status: attempt < 3 ? 500 : 200, afterMs: 10 }));
      world.send('1', 'a');

      await world.clock.advance(120_000);

      expect(world.posts.map((post) => post.attempt)).toEqual([1, 2, 3]);
      expect(new Set(world.posts.map((post) => post.body.toString()))).toEqual(new Set(['a']));
      expect(world.posts[1]!.at - world.posts[0]!.at).toBeGreaterThanOrEqual(5_000);
      expect(world.posts[2]!.at - world.posts[1]!.at).toBeGreaterThanOrEqual(60_000);
      expect(world.attempts.map((attempt) => attempt.outcome)).toEqual(['retrying', 'retrying', 'delivered']);
      expect(world.unacknowledged).toBe(0);
    });

    it('given a receiver that never accepts, when the schedule is over, then the delivery is dead with the reason', async () => {
      const world = worldOf(() => ({ status: 503, afterMs: 10 }));
      world.send('1', 'a');

      await world.clock.advance(300_000);

      expect(world.posts).toHaveLength(3);
      expect(world.dead).toEqual([{ event: 'a', reason: 'attempts_exhausted' }]);
    });

    it('given a receiver that asks for a day each time, then it is tried after that day, and dead as its overall deadline is over', async () => {
      const world = worldOf(() => ({ status: 500, afterMs: 10, retryAfter: '86400' }), { schedule: [5, 5, 5, 5, 5] });
      world.send('1', 'a');

      await world.clock.advance(7 * 24 * HOUR_MS);

      expect(world.posts).toHaveLength(2);
      expect(world.attempts.map(({ outcome }) => outcome)).toEqual(['retrying', 'dead']);
      expect(world.dead).toEqual([{ event: 'a', reason: 'expired' }]);
    });

    it('given a receiver that asks for a day, then everything that was under way, queued or came then arrives after it', async () => {
      let status = 503;
      const world = worldOf(() => ({ status, afterMs: 10, retryAfter: '86400' }), { schedule: [5, 5] });
      for (const event of numbers(40)) world.send('1', event);
      await world.clock.advance(1_000);
      for (const event of numbers(10)) world.send('1', `late ${event}`);
      await world.clock.advance(12 * HOUR_MS);
      status = 200;
      await world.clock.advance(24 * HOUR_MS);

      expect(world.dead).toEqual([]);
      expect(world.delivered).toHaveLength(50);
    });

    it('given a receiver that answers 410, when more deliveries come, then none is sent until the configuration is newer', async () => {
      const world = worldOf(() => ({ status: 410, afterMs: 10 }));
      world.send('1', 'a');
      await world.clock.advance(1_000);
      world.send('1', 'b');
      await world.clock.advance(1_000);
      world.webhooks.set('1', webhook('1', { version: 2 }));
      world.answer = () => ({ status: 200, afterMs: 10 });
      world.send('1', 'c');
      await world.clock.advance(1_000);

      expect(world.dead).toEqual([
        { event: 'a', reason: 'receiver_gone' },
        { event: 'b', reason: 'webhook_disabled' },
      ]);
      expect(world.posts.map((post) => post.event)).toEqual(['a', 'c']);
    });

    it('given a webhook that is not known yet, when the current configuration has it, then the delivery is sent', async () => {
      const world = new World();
      world.newer = () => world.webhooks.set('1', webhook('1'));
      world.send('1', 'a');

      await world.clock.advance(1_000);

      expect(world.delivered).toHaveLength(1);
    });

    it('given webhooks that are deleted, disabled or not validated, then their deliveries are dead with the reason and unsent', async () => {
      const world = new World();
      world.webhooks.set('2', webhook('2', { state: 'disabled' }));
      world.webhooks.set('3', webhook('3', { validated: false }));
      for (const id of ['1', '2', '3']) world.send(id, id);

      await world.clock.advance(1_000);

      const reasons = ['webhook_deleted', 'webhook_disabled', 'webhook_not_validated'];
      expect(world.dead.map(({ reason }) => reason)).toEqual(reasons);
      expect(world.posts).toEqual([]);
      expect(world.unacknowledged).toBe(0);
    });

    it('given no key to sign with for days, then deliveries wait, hop rarely, do not expire, and go when there is one', async () => {
      const world = worldOf(() => ({ status: 200, afterMs: 10 }));
      world.hasKey = false;
      world.send('1', 'a');
      await world.clock.advance(72 * HOUR_MS);
      const waiting = { posts: world.posts.length, dead: world.dead, unacknowledged: world.unacknowledged };
      world.hasKey = true;
      await world.clock.advance(600_000);

      expect(waiting).toEqual({ posts: 0, dead: [], unacknowledged: 0 });
      expect(world.delivered.map(({ event }) => event)).toEqual(['a']);
      expect(world.posts[0]?.attempt).toBe(1);
    });

    it('given a webhook that is newer than what is known, and no key to sign with, then its delivery waits as well', async () => {
      const world = new World();
      world.hasKey = false;
      world.newer = () => world.webhooks.set('1', webhook('1'));
      world.send('1', 'a');
      await world.clock.advance(1_000);
      const posts = world.posts.length;
      world.hasKey = true;
      await world.clock.advance(60_000);

      expect(posts).toBe(0);
      expect(world.posts.map(({ attempt }) => attempt)).toEqual([1]);
    });

    it.each(['connection_wait_timeout', 'out_of_sockets'] as const)(
      'given %s for an hour, then deliveries are diverted ever farther, without an attempt, and the breaker stays closed',
      async (error) => {
        let none = true;
        const world = worldOf(() => (none ? { status: 0, error, afterMs: 10 } : { status: 200, afterMs: 10 }));
        for (const event of numbers(50)) world.send('1', event);
        await world.clock.advance(HOUR_MS);
        const waiting = { posts: world.posts.length, diverted: world.diverted, ...world.engine.state };
        none = false;
        await world.clock.advance(2 * HOUR_MS);

        expect(waiting).toMatchObject({ inFlight: 0, unsettled: 0, queued: 0 });
        expect(waiting.diverted).toBe(waiting.posts);
        expect(waiting.posts).toBeLessThan(50 * 30);
        expect(world.breakers).toEqual([]);
        expect(world.attempts.map(({ outcome }) => outcome)).toEqual(Array(50).fill('delivered'));
        expect(new Set(world.posts.map(({ attempt }) => attempt))).toEqual(new Set([1]));
        expect(world.unacknowledged).toBe(0);
      },
    );

    it('given no connection free for a probe, then the next one probes, and the breaker closes when it is answered', async () => {
      let answer: Answer = { status: 500, afterMs: 10 };
      const world = worldOf(() => answer);
      for (const event of numbers(10)) world.send('1', event);
      await world.clock.advance(500);
      answer = { status: 0, error: 'connection_wait_timeout', afterMs: 10 };
      await world.clock.advance(20_000);
      const moves = [...world.breakers];
      answer = { status: 200, afterMs: 10 };
      await world.clock.advance(HOUR_MS);

      expect(moves).toEqual(['open']);
      expect(world.breakers).toEqual(['open', 'closed']);
      expect(world.delivered).toHaveLength(10);
    });

    it('given no key to sign with since deliveries are queued, then they wait as well', async () => {
      const world = worldOf(() => ({ status: 200, afterMs: 100 }), { concurrency: 1 });
      for (const event of numbers(5)) world.send('1', event);
      world.hasKey = false;
      await world.clock.advance(1_000);
      const posts = world.posts.length;
      world.hasKey = true;
      await world.clock.advance(60_000);

      expect(posts).toBe(1);
      expect(world.posts.map(({ attempt }) => attempt)).toEqual(Array(5).fill(1));
    });

    it('given a webhook that is disabled while deliveries are queued, then they are dead with the reason and unsent', async () => {
      const world = worldOf(() => ({ status: 200, afterMs: 100 }), { concurrency: 1 });
      for (const event of numbers(5)) world.send('1', event);
      world.webhooks.set('1', webhook('1', { version: 2, state: 'disabled' }));

      await world.clock.advance(10_000);

      expect(world.posts).toHaveLength(1);
      expect(world.dead.map(({ reason }) => reason)).toEqual(Array(4).fill('webhook_disabled'));
      expect(world.unacknowledged).toBe(0);
    });
  });

  describe('what is not written down', () => {
    it('given thousands of that, then no more are wanted until half of them are, and whoever asked is told once', async () => {
      const world = worldOf(() => ({ status: 200, afterMs: 10 }), { state: 'disabled' });
      world.durableAfterMs = 1_000;
      const told: string[] = [];
      for (const event of numbers(3_999)) world.send('1', event);
      expect(world.engine.mayTake(() => told.push('first'))).toBe(true);
      world.send('1', 'last');
      expect(world.engine.mayTake(() => told.push('second'))).toBe(false);
      await world.clock.advance(900);
      expect(told).toEqual([]);
      await world.clock.advance(1_200);

      expect(told).toEqual(['second']);
      expect(world.engine.mayTake(() => told.push('third'))).toBe(true);
    });
  });

  describe('a process that may have lost its deliveries to another', () => {
    it('given that, then no request begins and nothing is diverted until it is known, and then all go', async () => {
      let confirmed = true;
      const world = new World({ mayBegin: () => confirmed });
      world.webhooks.set('1', webhook('1', { concurrency: 2 }));
      world.answer = () => ({ status: 200, afterMs: 100 });
      for (const event of numbers(4)) world.send('1', event);
      confirmed = false;
      for (const event of ['late', 'later']) world.send('1', event);
      await world.clock.advance(4_000);
      const begun = world.posts.map(({ event }) => event);
      confirmed = true;
      world.engine.resume();
      await world.clock.advance(1_000);

      expect(begun).toEqual(['0', '1']);
      expect(world.diverted).toBe(0);
      expect(world.delivered.map(({ event }) => event)).toEqual(['0', '1', '2', '3', 'late', 'later']);
    });

    it('given that for a minute, and a slow receiver, then nothing is diverted either, and then all go', async () => {
      let confirmed = true;
      const world = new World({ mayBegin: () => confirmed });
      world.webhooks.set('1', webhook('1', { concurrency: 1 }));
      world.answer = () => ({ status: 200, afterMs: 1_500 });
      for (const event of numbers(2)) world.send('1', event);
      confirmed = false;
      for (const event of ['late', 'later', 'last']) world.send('1', event);
      await world.clock.advance(60_000);
      expect(world.diverted).toBe(0);
      confirmed = true;
      world.engine.resume();
      await world.clock.advance(60_000);

      expect(world.delivered.map(({ event }) => event).sort()).toEqual(['0', '1', 'last', 'late', 'later']);
    });

    it('given that, and a webhook that is not known, then its delivery is not given up until it is known', async () => {
      let confirmed = true;
      const world = new World({ mayBegin: () => confirmed });
      const current = Promise.withResolvers<undefined>();
      world.newer = () => current.promise;
      world.send('1', 'a');
      confirmed = false;
      current.resolve(undefined);
      await world.clock.advance(1_000);
      expect(world.dead).toEqual([]);
      confirmed = true;
      world.engine.resume();
      await world.clock.advance(1_000);

      expect(world.dead).toEqual([{ event: 'a', reason: 'webhook_deleted' }]);
    });

    it('given that, and a receiver that has hung since, then what waits for it is diverted once it is known', async () => {
      let confirmed = true;
      const world = new World({
        mayBegin: () => confirmed,
        room: { ...DEFAULT_ROOM, slots: 1, records: 10, bytes: 1_000 },
      });
      world.webhooks.set('1', webhook('1', { concurrency: 1 }));
      world.answer = () => ({ status: 0, afterMs: 30_000 });
      for (const event of ['hangs', 'waits']) world.send('1', event);
      confirmed = false;
      await world.clock.advance(4_000);
      confirmed = true;
      world.engine.resume();
      await world.clock.advance(4_000);

      expect(world.diverted).toBeGreaterThan(0);
    });

    it('given that they are lost indeed, then they are not sent by it', async () => {
      let confirmed = true;
      const world = new World({ mayBegin: () => confirmed });
      world.webhooks.set('1', webhook('1', { concurrency: 1 }));
      for (const event of numbers(3)) world.send('1', event);
      confirmed = false;
      const former = world.engine;
      await world.clock.advance(5);
      world.kill();
      confirmed = true;
      former.resume();
      world.engine.resume();
      await world.clock.advance(10_000);

      const sent = world.posts.map(({ event }) => event);
      expect(sent.sort()).toEqual(['0', '0', '1', '2']);
    });
  });

  describe('deaths', () => {
    it('given a death, then what was in flight comes again, nothing else, and nothing follows from what ends too late', async () => {
      const world = worldOf((_webhook, event) => ({ status: Number(event) % 2 === 0 ? 200 : 500, afterMs: 100 }));
      await stream(world, 30, 20);
      const inFlight = world.inFlight.get('1')!;
      const attempts = world.attempts.length;
      world.kill();
      await world.clock.advance(1);

      expect(world.posts).toHaveLength(30 + inFlight);
      await world.clock.advance(99);
      expect(world.fenced).toBe(inFlight);
      expect(world.attempts.length - attempts).toBeLessThanOrEqual(inFlight);
    });

    it('given that nothing may begin any more, with thousands queued, then what was in flight comes to its end and is not repeated', async () => {
      let mayBegin = true;
      const world = new World({ mayBegin: () => mayBegin });
      world.webhooks.set('1', webhook('1', { concurrency: 20 }));
      world.answer = () => ({ status: 200, afterMs: 30 });
      world.durableAfterMs = 20;
      for (const event of numbers(500)) world.send('1', event);
      await world.clock.advance(100);
      const begun = world.posts.length;
      const former = world.engine;
      mayBegin = false;
      let settled = false;
      void former.settled().then(() => (settled = true));
      await world.clock.advance(30);
      const early = settled;
      await world.clock.advance(60_000);

      expect([early, settled, former.state.inFlight, former.state.unsettled]).toEqual([false, true, 0, 0]);
      expect([world.posts.length, world.diverted]).toEqual([begun, 0]);
      mayBegin = true;
      world.kill();
      await world.clock.advance(60_000);
      expect(world.posts.map(({ event }) => event).sort()).toEqual(numbers(500).sort());
    });

    it('given nothing under way, then it is settled', async () => {
      await expect(worldOf(() => ({ status: 200, afterMs: 30 })).engine.settled()).resolves.toBeUndefined();
    });

    it('given partitions that are taken away, then what is queued there is not sent', async () => {
      const world = worldOf(() => ({ status: 200, afterMs: 100 }), { concurrency: 1 });
      for (const event of numbers(10)) world.send('1', event);
      const former = world.engine;
      world.kill();
      await world.clock.advance(10_000);

      expect(former.state).toMatchObject({ queued: 0, inFlight: 0 });
      expect(world.posts).toHaveLength(11);
    });

    it('given any receivers, deaths and outages of Kafka, then every event is delivered or dead, and repeats are only what was not settled', async () => {
      const step = fc.oneof(
        { weight: 8, arbitrary: fc.record({ kind: fc.constant('events' as const), ms: fc.nat(2_000) }) },
        { weight: 1, arbitrary: fc.record({ kind: fc.constant('death' as const), ms: fc.nat(5_000) }) },
        { weight: 1, arbitrary: fc.record({ kind: fc.constant('outage' as const), ms: fc.nat(20_000) }) },
      );
      const receiver = fc.record({
        concurrency: fc.integer({ min: 1, max: 10 }),
        statuses: fc.array(fc.constantFrom(200, 200, 200, 500, 429, 0), { minLength: 1, maxLength: 5 }),
        latencies: fc.array(fc.constantFrom(0, 5, 50, 3_000, 30_000), { minLength: 1, maxLength: 5 }),
      });
      await fc.assert(
        fc.asyncProperty(
          fc.array(receiver, { minLength: 1, maxLength: 6 }),
          fc.array(step, { minLength: 1, maxLength: 25 }),
          fc.nat(50),
          async (receivers, steps, durableAfterMs) => {
            const world = new World({ maxUnsettled: 20 });
            world.durableAfterMs = durableAfterMs;
            let asked = 0;
            for (const [id, { concurrency }] of receivers.entries())
              world.webhooks.set(`${id}`, webhook(`${id}`, { concurrency }));
            world.answer = (id) => {
              const { statuses, latencies } = receivers[Number(id)]!;
              asked += 1;
              return { status: statuses[asked % statuses.length]!, afterMs: latencies[asked % latencies.length]! };
            };
            let sent = 0;
            let mayRepeat = 0;
            for (const { kind, ms } of steps) {
              if (kind === 'events')
                for (let event = 0; event < 5; event++) world.send(`${sent % receivers.length}`, `${sent++}`);
              if (kind === 'outage') world.loseKafka();
              await world.clock.advance(ms);
              if (kind === 'outage') world.findKafka();
              if (kind === 'death') {
                const { inFlight, unsettled } = world.engine.state;
                mayRepeat += inFlight + unsettled;
                world.kill();
              }
            }
            await world.clock.advance(72 * HOUR_MS);

            const ended = new Set([...world.delivered, ...world.dead].map(({ event }) => event));
            expect(ended.size).toBe(sent);
            expect(world.unacknowledged).toBe(0);
            expect(world.delivered.length + world.dead.length - sent).toBeLessThanOrEqual(mayRepeat);
          },
        ),
        { numRuns: 60 },
      );
    });

    it('given Kafka that is away, then no more is sent than may be repeated, and all goes on when it is back', async () => {
      const world = new World({ maxUnsettled: 20 });
      world.webhooks.set('1', webhook('1'));
      for (const event of numbers(200)) world.send('1', event);
      world.loseKafka();
      await world.clock.advance(4_000);

      expect(world.posts.length).toBeLessThanOrEqual(30);
      world.findKafka();
      await world.clock.advance(60_000);
      expect(world.delivered.map((one) => one.event).sort()).toEqual(numbers(200).sort());
      expect(world.unacknowledged).toBe(0);
    });
  });
});
