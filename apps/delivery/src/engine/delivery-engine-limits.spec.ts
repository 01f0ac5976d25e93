import { describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { numbers, stream, webhook, worldOf } from '../testing/world.js';

// Days of simulated time, on a machine that may be busy.
jest.setTimeout(60_000);

const HOUR_MS = 3_600_000;

describe('DeliveryEngine, of receivers that want less', () => {
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
});
