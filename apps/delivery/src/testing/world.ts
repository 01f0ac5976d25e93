import { deliveryId, deliveryKey } from '@postduif/contracts';
import type { DeadReason, DeliveryHeaders, WebhookSnapshot } from '@postduif/contracts';
import type { OutboundErrorCode, OutboundResult } from '@postduif/outbound';
import { DeliveryEngine } from '../engine/delivery-engine.js';
import type { EngineOptions } from '../engine/delivery-engine.js';
import type { AttemptFacts, Job } from '../engine/ports.js';
import { SimulatedClock } from './simulated-clock.js';

export interface Answer {
  /** 0: no answer but an error. */
  readonly status: number;
  /** Which one. Default `connection_reset`. */
  readonly error?: OutboundErrorCode;
  readonly afterMs: number;
  readonly retryAfter?: string;
}

export const webhook = (id: string, more: Partial<WebhookSnapshot> = {}): WebhookSnapshot => ({
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

interface Delivered {
  readonly webhook: string;
  readonly event: string;
  readonly at: number;
}

/** A record on `deliveries` or on the wheel. */
interface Stored {
  readonly delivery: DeliveryHeaders;
  readonly body: Buffer;
}

/**
 * The engine in simulated time, with receivers, topics and a configuration in memory. It can be killed: what was not acknowledged
 * comes again to its successor. It can lose Kafka: nothing becomes durable then, and nothing is read.
 */
export class World {
  readonly clock = new SimulatedClock();
  readonly webhooks = new Map<string, WebhookSnapshot>();
  readonly posts: { webhook: string; event: string; attempt: number; at: number; body: Buffer }[] = [];
  readonly delivered: Delivered[] = [];
  readonly dead: { event: string; reason: DeadReason }[] = [];
  readonly attempts: AttemptFacts[] = [];
  readonly inFlight = new Map<string, number>();
  /** Most requests in flight at once, by webhook. */
  readonly most = new Map<string, number>();
  hasKey = true;
  /** What breakers did, in order. */
  readonly breakers: string[] = [];
  /** Webhooks for which more waited than there is memory for. */
  readonly crowded: string[] = [];
  /** By when what waits is back, as was last told when a breaker moved. */
  waitsUntil = 0;
  fenced = 0;
  diverted = 0;
  answer: (webhook: string, event: string, attempt: number) => Answer = () => ({ status: 200, afterMs: 10 });
  /** What becomes known when the engine asks for the current configuration; it is when this resolves. */
  newer: () => unknown = () => undefined;
  /** How long it takes until something is durable. */
  durableAfterMs = 0;

  readonly #unacknowledged = new Set<Stored>();
  #life = 0;
  #kafka: { away: boolean; back: (() => void)[] } = { away: false, back: [] };
  engine: DeliveryEngine;

  constructor(private readonly options: Partial<EngineOptions> = {}) {
    this.engine = this.#newEngine();
  }

  /** Records that are read or could be, and not done. */
  get unacknowledged(): number {
    return this.#unacknowledged.size;
  }

  send(id: string, event: string, bytes = 0): void {
    const delivery = {
      delivery: deliveryId({ account: '1', id: event }, id),
      account: '1',
      webhook: id,
      event,
      trigger: 'click',
      contentType: 'text/plain',
      attempt: 1,
      acceptedAt: this.clock.now(),
    };
    this.#store({ delivery, body: Buffer.from(event.padEnd(bytes)) });
  }

  /** The process dies, or its partitions are taken away: a successor has them now. */
  kill(): void {
    this.engine = this.#newEngine();
    if (!this.#kafka.away) for (const stored of this.#unacknowledged) this.#hand(stored);
  }

  loseKafka(): void {
    this.#kafka.away = true;
  }

  findKafka(): void {
    this.#kafka.away = false;
    for (const work of this.#kafka.back.splice(0)) work();
  }

  #newEngine(): DeliveryEngine {
    const life = ++this.#life;
    return new DeliveryEngine({
      clock: this.clock,
      random: () => 0.5,
      webhooks: {
        find: (id) => this.webhooks.get(id),
        current: async () => {
          await this.newer();
        },
      },
      sender: { canSign: () => this.hasKey, post: (job, target) => this.#post(job, target) },
      exits: {
        wait: (job, delivery, dueAt) =>
          this.#durable(life, () => {
            this.#wait({ delivery, body: job.body }, dueAt);
          }),
        dead: (job, reason) =>
          this.#durable(life, () => {
            this.dead.push({ event: job.delivery.event, reason });
          }),
        attempt: (facts) =>
          this.#durable(life, () => {
            this.attempts.push(facts);
          }),
      },
      observe: {
        ended: () => undefined,
        fenced: () => {
          this.fenced += 1;
        },
        diverted: () => {
          this.diverted += 1;
        },
        turnedAway: () => undefined,
        crowded: ({ id }) => {
          this.crowded.push(id);
        },
        breakerMoved: (_webhook, to, waitsUntil) => {
          this.breakers.push(to);
          this.waitsUntil = waitsUntil;
        },
        returned: (lateMs) => {
          if (lateMs < 0) throw new Error('came off the wheel early');
        },
      },
      failed: (error) => {
        throw error;
      },
      ...this.options,
    });
  }

  /** By the time that it is then: the clock may be set back meanwhile. */
  #wait(stored: Stored, dueAt: number): void {
    this.clock.at(dueAt, () => {
      if (this.clock.now() < dueAt) this.#wait(stored, dueAt);
      else this.#store(stored);
    });
  }

  #store(stored: Stored): void {
    this.#unacknowledged.add(stored);
    this.#withKafka(() => {
      this.#hand(stored);
    });
  }

  #hand(stored: Stored): void {
    const life = this.#life;
    const isCurrent = (): boolean => life === this.#life;
    const { webhook, delivery } = stored.delivery;
    const target = this.webhooks.get(webhook);
    let done = false;
    this.engine.accept({
      ...stored,
      key: Buffer.from(target === undefined ? webhook : deliveryKey(target, delivery)),
      isCurrent,
      done: () => {
        if (done) throw new Error('acknowledged twice');
        done = true;
        if (isCurrent()) this.#unacknowledged.delete(stored);
      },
    });
  }

  #withKafka(work: () => void): void {
    if (this.#kafka.away) this.#kafka.back.push(work);
    else work();
  }

  /** What a process that died had not made durable never is. */
  #durable(life: number, work: () => void): Promise<void> {
    return new Promise((resolve) => {
      this.clock.at(this.clock.now() + this.durableAfterMs, () => {
        this.#withKafka(() => {
          if (life !== this.#life) return;
          work();
          resolve();
        });
      });
    });
  }

  #post(job: Job, target: WebhookSnapshot): Promise<OutboundResult> {
    const { event, attempt } = job.delivery;
    const answer = this.answer(target.id, event, attempt);
    const { status, afterMs } = answer;
    this.posts.push({ webhook: target.id, event, attempt, at: this.clock.now(), body: job.body });
    this.#count(target.id, 1);
    return new Promise((resolve) => {
      this.clock.at(this.clock.now() + afterMs, () => {
        this.#count(target.id, -1);
        if (status >= 200 && status < 300) this.delivered.push({ webhook: target.id, event, at: this.clock.now() });
        resolve(result(answer));
      });
    });
  }

  #count(id: string, change: 1 | -1): void {
    const inFlight = (this.inFlight.get(id) ?? 0) + change;
    this.inFlight.set(id, inFlight);
    this.most.set(id, Math.max(inFlight, this.most.get(id) ?? 0));
  }
}

function result({ status, error = 'connection_reset', afterMs, retryAfter }: Answer): OutboundResult {
  const timing = { queuedMs: 0, firstByteMs: afterMs, totalMs: afterMs };
  if (status === 0) return { outcome: 'error', code: error, message: 'No answer came.', timing };
  const headers: Record<string, string> = retryAfter === undefined ? {} : { 'retry-after': retryAfter };
  const body = Buffer.alloc(0);
  return { outcome: 'response', status, headers, body, bodyTruncated: false, remoteAddress: '192.0.2.1', timing };
}

/** A world with one webhook. */
export function worldOf(answer: World['answer'], more: Parameters<typeof webhook>[1] = {}): World {
  const world = new World();
  world.webhooks.set('1', webhook('1', more));
  world.answer = answer;
  return world;
}

/** Sends events of one webhook, numbered, at even intervals. */
export async function stream(world: World, count: number, gapMs: number, id = '1'): Promise<void> {
  for (let event = 0; event < count; event++) {
    world.send(id, `${event}`);
    await world.clock.advance(gapMs);
  }
}

export const numbers = (count: number): string[] => Array.from({ length: count }, (_, index) => `${index}`);
