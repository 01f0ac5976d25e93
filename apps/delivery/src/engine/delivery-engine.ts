import { DEAD_REASONS } from '@postduif/contracts';
import type { DeadReason, WebhookSnapshot } from '@postduif/contracts';
import type { OutboundResult } from '@postduif/outbound';
import { DEFAULT_BOUNDS, Lane } from './lane.js';
import type { LaneBounds } from './lane.js';
import { decideOutcome, describeFailure, expired } from './outcome.js';
import type { AttemptFacts, Clock, Exits, Job, Sender, Webhooks } from './ports.js';

export interface EngineOptions {
  readonly webhooks: Webhooks;
  readonly sender: Sender;
  readonly exits: Exits;
  readonly clock: Clock;
  readonly random: () => number;
  /** Requests in flight over all webhooks; default 5,000. */
  readonly maxInFlight?: number;
  readonly bounds?: LaneBounds;
  readonly observe?: Observer;
  /** Called when work ended with an error that is a mistake of ours; the record stays unacknowledged and is read again later. */
  readonly failed: (error: unknown, job: Job) => void;
}

/** What metrics want to know. */
export interface Observer {
  ended(facts: AttemptFacts): void;
  diverted(): void;
}

const SWEEP_MS = 10_000;
const TOO_MANY_REQUESTS = 429;

/**
 * Takes deliveries as they are read and sees each to an end: delivered, on the retry wheel, or dead, and only then acknowledges
 * its record. Every webhook has a lane of its own, so that no receiver holds up another.
 */
export class DeliveryEngine {
  readonly #lanes = new Map<string, Lane<Job>>();
  readonly #wakes = new Map<string, () => void>();
  /** Lanes that could not dispatch because the whole engine was full, in the order in which they came. */
  readonly #starved = new Set<Lane<Job>>();
  /** Versions of webhooks whose receiver answered 410; they stay disabled here until the configuration says something newer. */
  readonly #gone = new Map<string, number>();
  #inFlight = 0;
  #sweptAt = 0;

  constructor(private readonly options: EngineOptions) {}

  get state(): { inFlight: number; queued: number; lanes: number; breakersOpen: number } {
    const lanes = [...this.#lanes.values()];
    return {
      inFlight: this.#inFlight,
      queued: lanes.reduce((sum, lane) => sum + lane.queued, 0),
      lanes: lanes.length,
      breakersOpen: lanes.filter((lane) => lane.breaker.state !== 'closed').length,
    };
  }

  /** Takes a delivery; returns at once. */
  accept(job: Job): void {
    const webhook = this.#deliverable(job.delivery.webhook);
    if (typeof webhook === 'string') this.#run(job, this.#recheck(job));
    else if (expired(job.delivery, webhook, this.options.clock.now()))
      this.#run(job, this.#bury(job, webhook, 'expired'));
    else this.#admit(job, webhook);
  }

  #admit(job: Job, webhook: WebhookSnapshot): void {
    const lane = this.#lane(webhook);
    const now = this.options.clock.now();
    if (this.#full && lane.queued === 0) this.#starved.add(lane);
    const admission = lane.admit(job, now, this.#full);
    if (admission.kind === 'dispatch') this.#dispatch(lane, job, webhook);
    else if (admission.kind === 'divert') this.#divert(job, admission.until);
    else this.#wake(lane, now);
  }

  get #full(): boolean {
    return this.#inFlight >= (this.options.maxInFlight ?? 5_000);
  }

  /** A webhook that looks undeliverable may only be newer than what we know: look again when we are up to date. */
  async #recheck(job: Job): Promise<void> {
    await this.options.webhooks.current();
    const webhook = this.#deliverable(job.delivery.webhook);
    if (typeof webhook === 'string') await this.#bury(job, undefined, webhook);
    else this.#admit(job, webhook);
  }

  #deliverable(id: string): WebhookSnapshot | DeadReason {
    const webhook = this.options.webhooks.find(id);
    if (webhook === undefined) return 'webhook_deleted';
    if (webhook.state === 'disabled') return 'webhook_disabled';
    if (!webhook.validated) return 'webhook_not_validated';
    if ((this.#gone.get(id) ?? 0) >= webhook.version) return 'webhook_disabled';
    return webhook;
  }

  #lane(webhook: WebhookSnapshot): Lane<Job> {
    let lane = this.#lanes.get(webhook.id);
    if (lane === undefined) {
      this.#sweep();
      lane = new Lane(webhook.id, this.options.bounds ?? DEFAULT_BOUNDS);
      this.#lanes.set(webhook.id, lane);
    }
    lane.configure(webhook);
    return lane;
  }

  #sweep(): void {
    const now = this.options.clock.now();
    if (now - this.#sweptAt < SWEEP_MS) return;
    this.#sweptAt = now;
    for (const [id, lane] of this.#lanes) if (lane.idle(now)) this.#lanes.delete(id);
  }

  #dispatch(lane: Lane<Job>, job: Job, webhook: WebhookSnapshot): void {
    this.#inFlight += 1;
    this.#run(job, this.#attempt(lane, job, webhook));
  }

  async #attempt(lane: Lane<Job>, job: Job, webhook: WebhookSnapshot): Promise<void> {
    const { clock, sender } = this.options;
    const startedAt = clock.now();
    const result = await sender.post(job, webhook);
    const answered = result.outcome === 'response' && result.status < 500 && result.status !== TOO_MANY_REQUESTS;
    this.#release(lane, answered ? 'succeeded' : 'failed', startedAt);
    await this.#conclude(job, webhook, startedAt, result);
  }

  #release(lane: Lane<Job>, outcome: 'succeeded' | 'failed', startedAt: number): void {
    const now = this.options.clock.now();
    this.#inFlight -= 1;
    lane.finished(outcome, now - startedAt, now);
    this.#pump(lane);
    for (const starved of this.#starved) {
      if (this.#full) return;
      this.#starved.delete(starved);
      this.#pump(starved);
    }
  }

  /** Sends from a lane's queue what may go, diverts what has waited too long, and comes back when time alone changes something. */
  #pump(lane: Lane<Job>): void {
    const now = this.options.clock.now();
    while (!this.#full) {
      const job = lane.next(now);
      if (job === undefined) break;
      this.#send(lane, job, now);
    }
    if (this.#full && lane.queued > 0) this.#starved.add(lane);
    for (const { job, until } of lane.overdue(now)) this.#divert(job, until);
    this.#wake(lane, now);
  }

  /** The webhook may have changed while the delivery was queued. */
  #send(lane: Lane<Job>, job: Job, now: number): void {
    const webhook = this.#deliverable(job.delivery.webhook);
    if (typeof webhook !== 'string') {
      this.#dispatch(lane, job, webhook);
      return;
    }
    lane.finished('succeeded', 0, now);
    this.#run(job, this.#recheck(job));
  }

  #wake(lane: Lane<Job>, now: number): void {
    this.#wakes.get(lane.webhook)?.();
    this.#wakes.delete(lane.webhook);
    const at = lane.wakeAt(now);
    if (at === undefined) return;
    const callOff = this.options.clock.at(at, () => {
      this.#wakes.delete(lane.webhook);
      this.#pump(lane);
    });
    this.#wakes.set(lane.webhook, callOff);
  }

  #divert(job: Job, until: number): void {
    this.options.observe?.diverted();
    const firstAttemptAt = job.delivery.firstAttemptAt ?? this.options.clock.now();
    const diverted = this.options.exits.wait(job, { ...job.delivery, firstAttemptAt, dueAt: until }, until);
    this.#run(
      job,
      diverted.then(() => {
        job.done();
      }),
    );
  }

  async #conclude(job: Job, webhook: WebhookSnapshot, startedAt: number, result: OutboundResult): Promise<void> {
    const { clock, exits, random } = this.options;
    const endedAt = clock.now();
    const outcome = decideOutcome(result, job.delivery, webhook, endedAt, random);
    const facts = { job, webhook, startedAt, endedAt, result };
    switch (outcome.kind) {
      case 'delivered':
        await this.#record({ ...facts, outcome: 'delivered' });
        break;
      case 'retry': {
        const next = {
          ...job.delivery,
          attempt: job.delivery.attempt + 1,
          firstAttemptAt: job.delivery.firstAttemptAt ?? startedAt,
          dueAt: outcome.dueAt,
        };
        await Promise.all([
          exits.wait(job, next, outcome.dueAt),
          this.#record({ ...facts, outcome: 'retrying', nextAttemptAt: outcome.dueAt }),
        ]);
        break;
      }
      case 'dead':
        if (outcome.reason === 'receiver_gone') this.#gone.set(webhook.id, webhook.version);
        await Promise.all([
          exits.dead(job, outcome.reason, describeFailure(result).errorDetail ?? DEAD_REASONS[outcome.reason]),
          this.#record({ ...facts, outcome: 'dead', reason: outcome.reason }),
        ]);
    }
    job.done();
  }

  /** Ends a delivery without a request. */
  async #bury(job: Job, webhook: WebhookSnapshot | undefined, reason: DeadReason): Promise<void> {
    const now = this.options.clock.now();
    await Promise.all([
      this.options.exits.dead(job, reason, DEAD_REASONS[reason]),
      this.#record({ job, webhook, startedAt: now, endedAt: now, result: undefined, outcome: 'dead', reason }),
    ]);
    job.done();
  }

  async #record(facts: AttemptFacts): Promise<void> {
    this.options.observe?.ended(facts);
    await this.options.exits.attempt(facts);
  }

  #run(job: Job, work: Promise<void>): void {
    work.catch((error: unknown) => {
      this.options.failed(error, job);
    });
  }
}
