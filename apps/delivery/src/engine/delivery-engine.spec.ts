import { describe, expect, it } from '@jest/globals';
import type { DeadReason, DeliveryHeaders, WebhookSnapshot } from '@postduif/contracts';
import type { OutboundResult } from '@postduif/outbound';
import fc from 'fast-check';
import { DeliveryEngine } from './delivery-engine.js';
import type { AttemptFacts, Job } from './ports.js';
import { SimulatedClock } from './simulated-clock.js';

interface Answer {
  readonly status: number;
  readonly afterMs: number;
  readonly retryAfter?: string;
}

const webhook = (id: string, more: Partial<WebhookSnapshot> = {}): WebhookSnapshot => ({
  kind: 'webhook',
  version: 1,
  id,
  account: '1',
  handler: 'https://hooks.example/',
  trigger: 'click',
  format: 'form',
  schedule: [5, 60],
  concurrency: 10,
  state: 'enabled',
  validated: true,
  secrets: [],
  ...more,
});

/** The engine with simulated time, receivers, topics and configuration. */
class World {
  readonly clock = new SimulatedClock();
  readonly webhooks = new Map<string, WebhookSnapshot>();
  readonly posts: { webhook: string; event: string; attempt: number; at: number; body: Buffer }[] = [];
  readonly delivered: { webhook: string; event: string; at: number }[] = [];
  readonly dead: { event: string; reason: DeadReason }[] = [];
  readonly attempts: AttemptFacts[] = [];
  readonly inFlight = new Map<string, number>();
  readonly most = new Map<string, number>();
  acknowledged = 0;
  accepted = 0;
  answer: (webhook: string, event: string, attempt: number) => Answer = () => ({ status: 200, afterMs: 10 });
  /** What becomes known when the engine asks for the current configuration. */
  newer: () => void = () => undefined;

  readonly engine = new DeliveryEngine({
    clock: this.clock,
    random: () => 0.5,
    webhooks: {
      find: (id) => this.webhooks.get(id),
      current: () => {
        this.newer();
        return Promise.resolve();
      },
    },
    sender: { post: (job, target) => this.#post(job, target) },
    exits: {
      wait: (job, delivery, dueAt) => {
        this.clock.at(dueAt, () => {
          this.#accept(delivery, job.body, true);
        });
        return Promise.resolve();
      },
      dead: (job, reason) => {
        this.dead.push({ event: job.delivery.event, reason });
        return Promise.resolve();
      },
      attempt: (facts) => {
        this.attempts.push(facts);
        return Promise.resolve();
      },
    },
    failed: (error) => {
      throw error;
    },
  });

  send(id: string, event: string): void {
    const delivery = {
      delivery: `${event}/${id}`,
      account: '1',
      webhook: id,
      event,
      trigger: 'click',
      contentType: 'text/plain',
      attempt: 1,
      acceptedAt: this.clock.now(),
    };
    this.#accept(delivery, Buffer.from(event), false);
  }

  #accept(delivery: DeliveryHeaders, body: Buffer, returning: boolean): void {
    this.accepted += 1;
    let done = false;
    this.engine.accept({
      delivery,
      body,
      key: null,
      returning,
      done: () => {
        if (done) throw new Error('acknowledged twice');
        done = true;
        this.acknowledged += 1;
      },
    });
  }

  #post(job: Job, target: WebhookSnapshot): Promise<OutboundResult> {
    const { event, attempt } = job.delivery;
    const { status, afterMs, retryAfter } = this.answer(target.id, event, attempt);
    this.posts.push({ webhook: target.id, event, attempt, at: this.clock.now(), body: job.body });
    const inFlight = (this.inFlight.get(target.id) ?? 0) + 1;
    this.inFlight.set(target.id, inFlight);
    this.most.set(target.id, Math.max(inFlight, this.most.get(target.id) ?? 0));
    return new Promise((resolve) => {
      this.clock.at(this.clock.now() + afterMs, () => {
        this.inFlight.set(target.id, this.inFlight.get(target.id)! - 1);
        if (status >= 200 && status < 300) this.delivered.push({ webhook: target.id, event, at: this.clock.now() });
        const headers: Record<string, string> = retryAfter === undefined ? {} : { 'retry-after': retryAfter };
        resolve({
          outcome: 'response',
          status,
          headers,
          body: Buffer.alloc(0),
          bodyTruncated: false,
          remoteAddress: '192.0.2.1',
          timing: { queuedMs: 0, firstByteMs: afterMs, totalMs: afterMs },
        });
      });
    });
  }
}

describe('DeliveryEngine', () => {
  it('given a receiver that fails twice, when it recovers, then it gets three identical bodies by the schedule', async () => {
    const world = new World();
    world.webhooks.set('1', webhook('1'));
    world.answer = (_webhook, _event, attempt) => ({ status: attempt < 3 ? 500 : 200, afterMs: 10 });
    world.send('1', 'a');

    await world.clock.advance(120_000);

    expect(world.posts.map((post) => post.attempt)).toEqual([1, 2, 3]);
    expect(new Set(world.posts.map((post) => post.body.toString()))).toEqual(new Set(['a']));
    expect(world.posts[1]!.at - world.posts[0]!.at).toBeGreaterThanOrEqual(5_000);
    expect(world.posts[2]!.at - world.posts[1]!.at).toBeGreaterThanOrEqual(60_000);
    expect(world.attempts.map((attempt) => attempt.outcome)).toEqual(['retrying', 'retrying', 'delivered']);
    expect(world.acknowledged).toBe(world.accepted);
  });

  it('given a receiver that never accepts, when the schedule is over, then the delivery is dead with the reason', async () => {
    const world = new World();
    world.webhooks.set('1', webhook('1'));
    world.answer = () => ({ status: 503, afterMs: 10 });
    world.send('1', 'a');

    await world.clock.advance(300_000);

    expect(world.posts).toHaveLength(3);
    expect(world.dead).toEqual([{ event: 'a', reason: 'attempts_exhausted' }]);
  });

  it('given Retry-After, when it is later than the schedule, then the receiver is left alone until then', async () => {
    const world = new World();
    world.webhooks.set('1', webhook('1'));
    world.answer = (_webhook, _event, attempt) =>
      attempt === 1 ? { status: 429, afterMs: 0, retryAfter: '100' } : { status: 200, afterMs: 0 };
    world.send('1', 'a');

    await world.clock.advance(200_000);

    expect(world.posts[1]!.at - world.posts[0]!.at).toBeGreaterThanOrEqual(100_000);
  });

  it('given a receiver that answers 410, when more deliveries come, then none is sent until the configuration is newer', async () => {
    const world = new World();
    world.webhooks.set('1', webhook('1'));
    world.answer = () => ({ status: 410, afterMs: 10 });
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

    expect(world.dead.map(({ reason }) => reason)).toEqual([
      'webhook_deleted',
      'webhook_disabled',
      'webhook_not_validated',
    ]);
    expect(world.posts).toEqual([]);
    expect(world.acknowledged).toBe(3);
  });

  it('given receivers that hang, crawl or fail, then a healthy one gets every event as fast as alone', async () => {
    const world = new World();
    const answers: Record<string, Answer> = {
      healthy: { status: 200, afterMs: 10 },
      hangs: { status: 504, afterMs: 30_000 },
      crawls: { status: 200, afterMs: 5_000 },
      fails: { status: 500, afterMs: 5 },
    };
    for (const id of Object.keys(answers)) world.webhooks.set(id, webhook(id));
    world.answer = (id) => answers[id]!;
    const sentAt = new Map<string, number>();
    for (let event = 0; event < 1_000; event++) {
      for (const id of Object.keys(answers)) world.send(id, `${event}`);
      sentAt.set(`${event}`, world.clock.now());
      await world.clock.advance(20);
    }

    const latencies = world.delivered
      .filter((one) => one.webhook === 'healthy')
      .map((one) => one.at - sentAt.get(one.event)!);
    expect(latencies).toHaveLength(1_000);
    expect(Math.max(...latencies)).toBe(10);
    expect(world.engine.state.queued).toBeLessThan(100);
  });

  it('given a webhook that is slower than its events, then no record waits longer than the queue allows and all arrive', async () => {
    const world = new World();
    world.webhooks.set('1', webhook('1', { concurrency: 2 }));
    world.answer = () => ({ status: 200, afterMs: 200 });
    for (let event = 0; event < 300; event++) {
      world.send('1', `${event}`);
      await world.clock.advance(10);
    }
    await world.clock.advance(120_000);

    expect(new Set(world.delivered.map((one) => one.event)).size).toBe(300);
    expect(world.delivered).toHaveLength(300);
    expect(world.acknowledged).toBe(world.accepted);
  });

  it('given any limits and receivers, then limits are never exceeded and every delivery ends exactly once', async () => {
    const scenario = fc.record({
      concurrency: fc.integer({ min: 1, max: 5 }),
      rate: fc.option(fc.integer({ min: 1, max: 50 }), { nil: undefined }),
      statuses: fc.array(fc.constantFrom(200, 200, 200, 500, 429, 404), { minLength: 1, maxLength: 8 }),
      latencies: fc.array(fc.integer({ min: 0, max: 4_000 }), { minLength: 1, maxLength: 8 }),
      gaps: fc.array(fc.integer({ min: 0, max: 300 }), { minLength: 1, maxLength: 60 }),
    });
    await fc.assert(
      fc.asyncProperty(scenario, async ({ concurrency, rate, statuses, latencies, gaps }) => {
        const world = new World();
        world.webhooks.set('1', webhook('1', { concurrency, ...(rate === undefined ? {} : { rate }) }));
        let asked = 0;
        world.answer = () => ({
          status: statuses[asked % statuses.length]!,
          afterMs: latencies[asked++ % latencies.length]!,
        });
        for (const [event, gap] of gaps.entries()) {
          world.send('1', `${event}`);
          await world.clock.advance(gap);
        }
        await world.clock.advance(3_600_000);

        expect(world.most.get('1') ?? 0).toBeLessThanOrEqual(concurrency);
        if (rate !== undefined) {
          for (const { at } of world.posts)
            expect(world.posts.filter((post) => post.at >= at && post.at < at + 1_000).length).toBeLessThanOrEqual(
              rate,
            );
        }
        const ended = [...world.delivered.map((one) => one.event), ...world.dead.map((one) => one.event)];
        expect(ended.sort()).toEqual(gaps.map((_, event) => `${event}`).sort());
        expect(world.acknowledged).toBe(world.accepted);
        expect(world.engine.state).toMatchObject({ inFlight: 0, queued: 0 });
      }),
      { numRuns: 60 },
    );
  });
});
