import { describe, expect, it, jest } from '@jest/globals';
import { WHEEL_TIERS } from '@postduif/contracts';
import { tierFor } from '@postduif/retry-schedule';
import fc from 'fast-check';
import { SimulatedClock } from '../testing/simulated-clock.js';
import { Wheel } from './wheel.js';
import type { Waiting, WheelOptions } from './wheel.js';

// Days of simulated time, on a machine that may be busy.
jest.setTimeout(60_000);

const DAY_MS = 24 * 3_600_000;
const PRODUCE_MS = 5;
const GATHER_MS = 100;
const delayOf = (topic: string): number => WHEEL_TIERS.find((tier) => tier.name === topic)!.delayMs;

interface Stored {
  readonly id: number;
  readonly enteredAt: number;
  readonly dueAt: number;
  done: boolean;
}

/** Topics of one partition in memory, read by a wheel that can be killed and started anew. */
class WheelWorld {
  readonly clock = new SimulatedClock();
  readonly topics = new Map<string, { log: Stored[]; position: number; held: boolean }>(
    WHEEL_TIERS.map(({ name }) => [name, { log: [], position: 0, held: false }]),
  );
  /** When what was back on `deliveries`, in milliseconds after it was due. */
  readonly back = new Map<number, number[]>();
  mostInMemory = 0;
  #life = 0;
  wheel = this.#newWheel();

  enter(id: number, dueAt: number): void {
    const enteredAt = this.clock.now();
    const { name } = tierFor(dueAt - enteredAt);
    this.topics.get(name)!.log.push({ id, enteredAt, dueAt, done: false });
    this.#read(name);
  }

  /** What is not done comes again. */
  kill(): void {
    this.#life += 1;
    this.wheel = this.#newWheel();
    for (const [topic, state] of this.topics) {
      state.position = 0;
      state.held = false;
      this.#read(topic);
    }
  }

  #newWheel(): Wheel<Waiting & { id: number }> {
    const life = ++this.#life;
    const wheel = new Wheel<Waiting & { id: number }>({
      clock: this.clock,
      delayOf,
      forward: ({ id, dueAt }, now) => this.#forward(life, id, dueAt, now),
      resume: ({ topic }) => {
        if (life !== this.#life) return;
        this.topics.get(topic)!.held = false;
        this.#read(topic);
      },
      failed: (error) => {
        throw error;
      },
    });
    return wheel;
  }

  /** Durable a little later, if whoever sends it is still there. */
  #forward(life: number, id: number, dueAt: number, now: number): Promise<void> {
    return new Promise((resolve) => {
      this.clock.at(now + PRODUCE_MS, () => {
        if (life !== this.#life) return;
        if (dueAt > now) this.enter(id, dueAt);
        else this.back.set(id, [...(this.back.get(id) ?? []), now - dueAt]);
        resolve();
      });
    });
  }

  #read(topic: string): void {
    const state = this.topics.get(topic)!;
    while (!state.held && state.position < state.log.length) {
      const record = state.log[state.position]!;
      if (!record.done) {
        const { id, enteredAt, dueAt } = record;
        if (!this.wheel.isWanted({ topic, partition: 0, enteredAt })) {
          state.held = true;
          return;
        }
        const done = (): void => {
          record.done = true;
        };
        this.wheel.add({ id, topic, partition: 0, enteredAt, dueAt, webhook: '', done });
      }
      state.position += 1;
    }
    this.mostInMemory = Math.max(this.mostInMemory, this.wheel.waiting);
  }
}

const delays = fc.array(
  fc.oneof(
    fc.integer({ min: 0, max: 2_000 }),
    fc.integer({ min: 0, max: 120_000 }),
    fc.integer({ min: 0, max: 7 * DAY_MS }),
  ),
  { minLength: 1, maxLength: 60 },
);

/** A wheel of our tiers. What fails there fails the test. */
function wheelOf(
  options: Pick<WheelOptions<Waiting>, 'clock' | 'forward'> & Partial<WheelOptions<Waiting>>,
): Wheel<Waiting> {
  return new Wheel<Waiting>({
    delayOf,
    resume: () => undefined,
    failed: (error) => {
      throw error;
    },
    ...options,
  });
}

describe('Wheel', () => {
  it('given any due times up to seven days away, then each is back once, never early, and late by no more than gathering and a hop take', async () => {
    await fc.assert(
      fc.asyncProperty(delays, fc.array(fc.nat(5_000)), async (waits, gaps) => {
        const world = new WheelWorld();
        for (const [id, wait] of waits.entries()) {
          world.enter(id, world.clock.now() + wait);
          await world.clock.advance(gaps[id % Math.max(1, gaps.length)] ?? 0);
        }
        await world.clock.advance(7 * DAY_MS + 60_000);

        const late = [...world.back.values()];
        expect(late.map((times) => times.length)).toEqual(waits.map(() => 1));
        for (const [ms] of late) {
          expect(ms).toBeGreaterThanOrEqual(0);
          expect(ms).toBeLessThanOrEqual(GATHER_MS + PRODUCE_MS);
        }
        expect(world.wheel.waiting).toBe(0);
      }),
      { numRuns: 50 },
    );
  });

  it('given a death at any moment, then nothing is lost, and nothing comes early', async () => {
    await fc.assert(
      fc.asyncProperty(delays, fc.array(fc.nat(100_000), { minLength: 1, maxLength: 5 }), async (waits, deaths) => {
        const world = new WheelWorld();
        for (const [id, wait] of waits.entries()) world.enter(id, world.clock.now() + wait);
        for (const death of deaths) {
          await world.clock.advance(death);
          world.kill();
        }
        await world.clock.advance(7 * DAY_MS + 60_000);

        expect([...world.back.keys()].sort((a, b) => a - b)).toEqual(waits.map((_, id) => id));
        expect([...world.back.values()].flat().every((ms) => ms >= 0)).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  it('given thousands that wait for minutes, then none of them is in memory before its last seconds', async () => {
    const world = new WheelWorld();
    for (let id = 0; id < 5_000; id++) {
      world.enter(id, world.clock.now() + 180_000);
      if (id % 100 === 0) await world.clock.advance(2_000);
    }
    await world.clock.advance(300_000);

    expect(world.back.size).toBe(5_000);
    expect(world.mostInMemory).toBeLessThan(500);
  });

  it('given a partition that was taken away, when its records fall due, then nothing is forwarded and nothing read', async () => {
    const clock = new SimulatedClock();
    const happened: string[] = [];
    const wheel = wheelOf({
      clock,
      forward: () => {
        happened.push('forwarded');
        return Promise.resolve();
      },
      resume: () => happened.push('resumed'),
    });
    const now = clock.now();
    wheel.add({ topic: '1s', partition: 0, enteredAt: now, dueAt: now + 900, webhook: '', done: () => undefined });
    expect(wheel.isWanted({ topic: '30s', partition: 0, enteredAt: now })).toBe(false);

    wheel.drop({ topic: '1s', partition: 0 });
    wheel.drop({ topic: '30s', partition: 0 });
    await clock.advance(60_000);

    expect(happened).toEqual([]);
  });

  it('given a process that may have lost its partitions, then nothing is released until that is known', async () => {
    const clock = new SimulatedClock();
    let confirmed = false;
    const released: number[] = [];
    const wheel = wheelOf({
      clock,
      forward: (_waiting, now) => {
        released.push(now);
        return Promise.resolve();
      },
      mayRelease: () => confirmed,
    });
    const begin = clock.now();
    wheel.add({ topic: '1s', partition: 0, enteredAt: begin, dueAt: begin + 900, webhook: '', done: () => undefined });
    await clock.advance(10_000);
    expect(released).toEqual([]);
    confirmed = true;
    await clock.advance(350);
    expect(released).toHaveLength(1);
  });

  it('given a tier where something waits when the clock is set back, then what enters it afterwards does not wait for that', async () => {
    const world = new WheelWorld();
    const hourMs = 3_600_000;
    world.enter(1, world.clock.now() + 30_000);
    await world.clock.advance(10_000);
    world.clock.setBack(hourMs);
    world.enter(2, world.clock.now() + 30_000);
    await world.clock.advance(31_000);

    expect([...world.back.keys()]).toEqual([2]);
    await world.clock.advance(hourMs);
    expect([...world.back.keys()]).toEqual([2, 1]);
    expect([...world.back.values()].flat().every((ms) => ms >= 0)).toBe(true);
  });

  it('given something that may not be released when the clock is set back, then what falls due by the new time is released', async () => {
    const clock = new SimulatedClock();
    let mayRelease = false;
    const released: number[] = [];
    const wheel = wheelOf({
      clock,
      forward: ({ partition }) => {
        released.push(partition);
        return Promise.resolve();
      },
      mayRelease: () => mayRelease,
    });
    const enter = (partition: number): void => {
      const enteredAt = clock.now();
      wheel.add({ topic: '1s', partition, enteredAt, dueAt: enteredAt + 500, webhook: '', done: () => undefined });
    };
    enter(0);
    await clock.advance(1_000);
    clock.setBack(3_600_000);
    enter(1);
    mayRelease = true;
    await clock.advance(1_000);

    expect(released).toEqual([0, 1]);
  });

  describe('at work on a backlog', () => {
    const MAX_UNSETTLED = 100;
    const BACKLOG = 3_000;

    /** A wheel with a backlog that falls due a second from now. What it moved is committed `commitMs` later. */
    function backlog({ commitMs, isBehind }: { commitMs: number; isBehind?: (returned: number) => boolean }) {
      const clock = new SimulatedClock();
      const moved: { to: 'deliveries' | 'tier'; at: number; webhook: string }[] = [];
      let uncommitted = 0;
      let unsettled = 0;
      const seen = { mostUnsettled: 0 };
      const wheel = wheelOf({
        clock,
        forward: ({ dueAt, webhook }, now) => {
          moved.push({ to: dueAt <= now ? 'deliveries' : 'tier', at: now, webhook });
          seen.mostUnsettled = Math.max(seen.mostUnsettled, ++unsettled);
          return new Promise((resolve) => clock.at(now + PRODUCE_MS, resolve));
        },
        maxUnsettled: MAX_UNSETTLED,
        uncommitted: () => uncommitted,
        isBehind: () => isBehind?.(moved.filter(({ to }) => to === 'deliveries').length) === true,
      });
      const begin = clock.now();
      const add = (dueAt: number, partition = 0, webhook = ''): void => {
        const done = (): void => {
          uncommitted += 1;
          clock.at(clock.now() + commitMs, () => {
            uncommitted -= 1;
            unsettled -= 1;
          });
        };
        wheel.add({ topic: '1s', partition, enteredAt: begin, dueAt, webhook, done });
      };
      return { clock, begin, add, moved, seen };
    }

    it('given a burst, then no more of it is moved and not committed than may be repeated, and it is over within a second', async () => {
      const { clock, begin, add, moved, seen } = backlog({ commitMs: 15 });
      for (let count = 0; count < BACKLOG; count++) add(begin + 900, count % 4);
      await clock.advance(10_000);

      expect(moved).toHaveLength(BACKLOG);
      expect(seen.mostUnsettled).toBeLessThanOrEqual(MAX_UNSETTLED);
      expect(Math.max(...moved.map(({ at }) => at)) - begin).toBeLessThanOrEqual(2_000);
    });

    it('given a burst in one partition, then what is due in another does not wait for all of it', async () => {
      const { clock, begin, add, moved } = backlog({ commitMs: 15 });
      for (let count = 0; count < BACKLOG; count++) add(begin + 1_000);
      add(begin + 30_000, 1);
      await clock.advance(10_000);

      expect(moved.findIndex(({ to }) => to === 'tier')).toBe(MAX_UNSETTLED);
    });

    it('given commits that do not come, then no more is moved', async () => {
      const { clock, begin, add, moved } = backlog({ commitMs: Infinity });
      for (let count = 0; count < BACKLOG; count++) add(begin + 900);
      await clock.advance(60_000);

      expect(moved).toHaveLength(MAX_UNSETTLED);
    });

    it('given a process that can do less than comes back, then the backlog waits on the wheel and not on deliveries', async () => {
      const perSecond = 500;
      const most = 200;
      let mostUnread = 0;
      const unread = (returned: number): number => returned - ((clock.now() - begin) * perSecond) / 1_000;
      const { clock, begin, add, moved } = backlog({
        commitMs: 15,
        isBehind: (returned) => {
          mostUnread = Math.max(mostUnread, unread(returned));
          return unread(returned) > most;
        },
      });
      for (let count = 0; count < BACKLOG; count++) add(begin + 900);
      await clock.advance(10_000);

      expect(moved).toHaveLength(BACKLOG);
      expect(mostUnread).toBeLessThanOrEqual(most + MAX_UNSETTLED);
    });

    it('given a process that is behind all the time, then a trickle comes back, and hops go on', async () => {
      const { clock, begin, add, moved } = backlog({ commitMs: 15, isBehind: () => true });
      for (let count = 0; count < BACKLOG; count++) add(begin + 900);
      for (let count = 0; count < 50; count++) add(begin + 30_000);
      await clock.advance(11_000);

      const back = moved.filter(({ to }) => to === 'deliveries');
      expect(back.length).toBeGreaterThan(10 * 50);
      expect(back.length).toBeLessThan(10 * 200);
      expect(moved.length - back.length).toBe(50);
    });

    it('given such a process and backlogs of as many webhooks as have a turn at once, then another has its turn, too', async () => {
      const { clock, begin, add, moved } = backlog({ commitMs: 15, isBehind: () => true });
      for (let count = 0; count < BACKLOG; count++) add(begin + 900, 0, `webhook ${count % 10}`);
      add(begin + 950, 0, 'another');
      await clock.advance(2_000);

      expect(moved.filter(({ webhook }) => webhook === 'another')).toHaveLength(1);
    });

    it('given such a process and hops that take all the room first, then nobody loses a turn by that', async () => {
      const { clock, begin, add, moved } = backlog({ commitMs: 15, isBehind: () => true });
      const webhooks = Array.from({ length: 11 }, (_, index) => `webhook ${index}`);
      for (let count = 0; count < MAX_UNSETTLED; count++) add(begin + 30_000);
      for (const webhook of webhooks) add(begin + 1_000, 0, webhook);
      await clock.advance(2_000);

      expect(moved.slice(0, MAX_UNSETTLED).every(({ to }) => to === 'tier')).toBe(true);
      expect(moved.slice(MAX_UNSETTLED).map(({ webhook }) => webhook)).toEqual(webhooks);
    });

    it('given such a process and a backlog of one webhook, then what is due for others comes back before all of that', async () => {
      const others = ['1', '2', '3', '4'];
      const { clock, begin, add, moved } = backlog({ commitMs: 15, isBehind: () => true });
      for (let count = 0; count < BACKLOG; count++) add(begin + 900);
      for (let count = 0; count < 20; count++) for (const webhook of others) add(begin + 950, 0, webhook);
      await clock.advance(11_000);

      for (const other of others) expect(moved.filter(({ webhook }) => webhook === other)).toHaveLength(20);
      expect(moved.length).toBeGreaterThan(10 * 50);
      expect(moved.length).toBeLessThan(10 * 200);
    });
  });

  it('given that nothing may be released any more, then it is settled when what was released is done', async () => {
    const clock = new SimulatedClock();
    const done: string[] = [];
    let mayRelease = true;
    const { promise: durable, resolve: becomeDurable } = Promise.withResolvers<undefined>();
    const forward = jest.fn(() => durable);
    const wheel = wheelOf({
      clock,
      forward,
      mayRelease: () => mayRelease,
    });
    const now = clock.now();
    const add = (name: string, dueAt: number): void => {
      wheel.add({ topic: '1s', partition: 0, enteredAt: now, dueAt, webhook: '', done: () => done.push(name) });
    };
    add('released', now + 100);
    add('waiting', now + 900);
    await clock.advance(500);

    mayRelease = false;
    const settled = wheel.settled().then(() => done.push('settled'));
    add('read late', now + 600);
    await clock.advance(60_000);
    expect(done).toEqual([]);
    becomeDurable(undefined);
    await settled;

    expect(done).toEqual(['released', 'settled']);
    expect(forward).toHaveBeenCalledTimes(1);
  });
});
