import { describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { webhook, World } from '../testing/world.js';
import type { Answer } from '../testing/world.js';
import { DEFAULT_ROOM } from './delivery-engine.js';

// Days of simulated time, on a machine that may be busy.
jest.setTimeout(60_000);

const HOUR_MS = 3_600_000;
const MIB = 1024 * 1024;

/** A world with one webhook. */
function worldOf(answer: World['answer'], more: Parameters<typeof webhook>[1] = {}): World {
  const world = new World();
  world.webhooks.set('1', webhook('1', more));
  world.answer = answer;
  return world;
}

/** Sends events of one webhook, numbered, at even intervals. */
async function stream(world: World, count: number, gapMs: number, id = '1'): Promise<void> {
  for (let event = 0; event < count; event++) {
    world.send(id, `${event}`);
    await world.clock.advance(gapMs);
  }
}

const numbers = (count: number): string[] => Array.from({ length: count }, (_, index) => `${index}`);

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

  describe('a breaker', () => {
    it('given a receiver that fails for a minute, then that and its return are told once each, and by when the rest is back', async () => {
      let down = true;
      const world = worldOf(() => ({ status: down ? 503 : 200, afterMs: 10 }), { schedule: [1, 1] });
      await stream(world, 60, 1_000);
      down = false;
      await world.clock.advance(300_000);

      expect(world.breakers).toEqual(['open', 'closed']);
      const last = world.delivered.at(-1)!.at;
      expect(world.waitsUntil).toBeGreaterThanOrEqual(last - 1_000);
      expect(world.waitsUntil).toBeLessThanOrEqual(last + 1_000);
    });

    it('given hundreds queued for a receiver that begins to fail, when Kafka is slow, then they are diverted part by part, each once', async () => {
      const world = worldOf((_webhook, event) => ({ status: Number(event) < 20 ? 200 : 500, afterMs: 10 }));
      world.durableAfterMs = 1_000;
      let turns = 0;
      const at = world.clock.at.bind(world.clock);
      world.clock.at = (moment, work) => {
        turns += 1;
        if (turns > 20_000) throw new Error('looks again and again');
        return at(moment, work);
      };
      for (const event of numbers(700)) world.send('1', event);
      await world.clock.advance(900);

      expect([world.breakers[0], world.diverted]).toEqual(['open', 200]);
      await world.clock.advance(5_000);
      expect(world.engine.state.queued).toBe(0);
    });

    it('given a receiver that fails until nothing is left for it, then it is forgotten in the end', async () => {
      const world = worldOf(() => ({ status: 503, afterMs: 10 }));
      await stream(world, 20, 1_000);
      await world.clock.advance(24 * HOUR_MS);
      expect(world.engine.state.breakers.open).toBe(1);
      world.webhooks.set('2', webhook('2'));
      world.send('2', 'other');

      expect(world.engine.state.lanes).toBe(1);
      expect(world.engine.state.breakers.open).toBe(0);
    });

    it.each([
      ['deleted', undefined],
      ['disabled', webhook('1', { version: 2, state: 'disabled' })],
    ])('given a receiver that fails, when its webhook is %s, then it is forgotten', async (_what, snapshot) => {
      const world = worldOf(() => ({ status: 503, afterMs: 10 }));
      await stream(world, 20, 1_000);
      expect(world.engine.state.breakers.open).toBe(1);
      if (snapshot === undefined) world.webhooks.delete('1');
      else world.webhooks.set('1', snapshot);
      world.engine.reconfigured();
      await world.clock.advance(2_000);

      expect(world.engine.state.lanes).toBe(0);
      expect(world.engine.state.breakers.open).toBe(0);
    });

    it('given requests under way, when their webhook is deleted, then it is forgotten when they have ended, and others are not', async () => {
      const world = worldOf((id) => ({ status: id === '1' ? 200 : 503, afterMs: id === '1' ? 20_000 : 10 }));
      world.webhooks.set('2', webhook('2'));
      await stream(world, 20, 10, '2');
      await stream(world, 2, 0);
      world.webhooks.delete('1');
      world.engine.reconfigured();
      await world.clock.advance(10_000);
      expect(world.engine.state).toMatchObject({ lanes: 2, inFlight: 2 });
      await world.clock.advance(12_000);

      expect(world.engine.state).toMatchObject({ lanes: 1, inFlight: 0 });
      expect(world.engine.state.breakers.open).toBe(1);
      expect(world.attempts.filter(({ outcome }) => outcome === 'delivered')).toHaveLength(2);
    });
  });

  describe('limits', () => {
    it('given Retry-After with any failure, when it is later than the schedule, then that delivery waits until then', async () => {
      const world = worldOf((_webhook, _event, attempt) =>
        attempt === 1 ? { status: 404, afterMs: 0, retryAfter: '100' } : { status: 200, afterMs: 0 },
      );
      world.send('1', 'a');

      await world.clock.advance(200_000);

      expect(world.posts[1]!.at - world.posts[0]!.at).toBeGreaterThanOrEqual(100_000);
    });

    it('given Retry-After with 429, then nothing at all is sent until then, also what was queued, and all arrives after it', async () => {
      let refuse = true;
      const world = worldOf(
        () => (refuse ? { status: 429, afterMs: 10, retryAfter: '60' } : { status: 200, afterMs: 10 }),
        { concurrency: 2 },
      );
      await stream(world, 10, 0);
      const asked = world.clock.now();
      await world.clock.advance(1_000);
      refuse = false;
      world.send('1', 'late');
      await world.clock.advance(300_000);

      const again = world.posts.slice(2);
      expect(Math.min(...again.map(({ at }) => at)) - asked).toBeGreaterThanOrEqual(60_000);
      expect(new Set(world.delivered.map(({ event }) => event))).toEqual(new Set([...numbers(10), 'late']));
    });

    it('given a receiver that rests, when the clock is set back, then its rest becomes no longer', async () => {
      const world = worldOf(() => ({ status: 429, afterMs: 10, retryAfter: '60' }));
      world.send('1', 'a');
      await world.clock.advance(1_000);
      world.answer = () => ({ status: 200, afterMs: 10 });
      world.clock.setBack(3_600_000);
      world.send('1', 'b');
      await world.clock.advance(130_000);

      expect(world.delivered.map(({ event }) => event)).toEqual(['b']);
    });

    it('given a receiver that rests, when its webhook is changed, then it is tried again at once', async () => {
      const world = worldOf(() => ({ status: 503, afterMs: 10, retryAfter: '86400' }));
      world.send('1', 'a');
      await world.clock.advance(1_000);
      world.answer = () => ({ status: 200, afterMs: 10 });
      world.webhooks.set('1', webhook('1', { version: 2 }));
      world.send('1', 'b');
      await world.clock.advance(1_000);

      expect(world.delivered.map(({ event }) => event)).toEqual(['b']);
    });

    it('given a webhook in shards, then together they keep its limits and use them', async () => {
      const world = worldOf(() => ({ status: 200, afterMs: 100 }), { concurrency: 9, rate: 60, shards: 4 });
      await stream(world, 2_000, 1);
      await world.clock.advance(60_000);

      expect(world.most.get('1')).toBe(8);
      for (const { at } of world.posts)
        expect(world.posts.filter((post) => post.at >= at && post.at < at + 1_000).length).toBeLessThanOrEqual(60);
      expect(world.delivered).toHaveLength(2_000);
    });

    it('given a receiver that allows less than the webhook would send, then it gets no more', async () => {
      const limits = { rate: 50, allowedRate: 600 };
      const world = worldOf(() => ({ status: 200, afterMs: 10 }), limits);
      await stream(world, 200, 1);
      await world.clock.advance(60_000);

      for (const { at } of world.posts)
        expect(world.posts.filter((post) => post.at >= at && post.at < at + 1_000).length).toBeLessThanOrEqual(10);
      expect(world.delivered).toHaveLength(200);
    });

    it('given any limits and receivers, then limits are never exceeded and every delivery ends exactly once', async () => {
      const scenario = fc.record({
        concurrency: fc.integer({ min: 1, max: 5 }),
        rate: fc.option(fc.integer({ min: 1, max: 50 }), { nil: undefined }),
        statuses: fc.array(fc.constantFrom(200, 200, 200, 500, 429, 404, 0), { minLength: 1, maxLength: 8 }),
        latencies: fc.array(fc.integer({ min: 0, max: 4_000 }), { minLength: 1, maxLength: 8 }),
        gaps: fc.array(fc.integer({ min: 0, max: 300 }), { minLength: 1, maxLength: 60 }),
      });
      await fc.assert(
        fc.asyncProperty(scenario, async ({ concurrency, rate, statuses, latencies, gaps }) => {
          let asked = 0;
          const world = worldOf(
            () => ({ status: statuses[asked % statuses.length]!, afterMs: latencies[asked++ % latencies.length]! }),
            { concurrency, ...(rate === undefined ? {} : { rate }) },
          );
          for (const [event, gap] of gaps.entries()) {
            world.send('1', `${event}`);
            await world.clock.advance(gap);
          }
          await world.clock.advance(50 * HOUR_MS);

          expect(world.most.get('1') ?? 0).toBeLessThanOrEqual(concurrency);
          for (const { at } of rate === undefined ? [] : world.posts)
            expect(world.posts.filter((post) => post.at >= at && post.at < at + 1_000).length).toBeLessThanOrEqual(
              rate!,
            );
          const ended = [...world.delivered, ...world.dead].map(({ event }) => event);
          expect(ended.sort()).toEqual(numbers(gaps.length).sort());
          expect(world.unacknowledged).toBe(0);
          expect(world.engine.state).toMatchObject({ inFlight: 0, queued: 0, unsettled: 0 });
        }),
        { numRuns: 60 },
      );
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
