import { DEAD_REASONS } from '@postduif/contracts';
import type { DeadReason, WebhookSnapshot } from '@postduif/contracts';
import { describeFailure } from '@postduif/outbound';
import type { OutboundResult } from '@postduif/outbound';
import { decideOutcome } from './outcome.js';
import type { Outcome } from './outcome.js';
import type { AttemptFacts, Clock, Exits, Job, Observer } from './ports.js';

export interface SettlementOptions {
  readonly exits: Exits;
  readonly clock: Clock;
  readonly random: () => number;
  readonly observe?: Observer | undefined;
}

/** An attempt that has ended. */
export interface EndedAttempt {
  readonly job: Job;
  readonly webhook: WebhookSnapshot;
  readonly startedAt: number;
  readonly result: OutboundResult;
}

const SHORTEST_POSTPONEMENT_MS = 5_000;
const LONGEST_POSTPONEMENT_MS = 600_000;

/** Writes down what follows from a delivery, and acknowledges its record when all of that is durable. */
export class Settlement {
  constructor(private readonly options: SettlementOptions) {}

  /** Of an attempt whose partition was taken away nothing follows here: its new owner makes one of its own. */
  async settle(ended: EndedAttempt): Promise<void> {
    const { clock, random, observe } = this.options;
    const facts = { ...ended, endedAt: clock.now() };
    if (!ended.job.isCurrent()) {
      observe?.fenced(facts);
      return;
    }
    const outcome = decideOutcome(ended.result, ended.job.delivery, ended.webhook, facts.endedAt, random);
    await this.#follow(facts, outcome);
    ended.job.done();
  }

  /** Ends a delivery without a request. */
  async bury(job: Job, webhook: WebhookSnapshot | undefined, reason: DeadReason): Promise<void> {
    const now = this.options.clock.now();
    await Promise.all([
      this.options.exits.dead(job, reason, DEAD_REASONS[reason]),
      this.#record({ job, webhook, startedAt: now, endedAt: now, result: undefined, outcome: 'dead', reason }),
    ]);
    job.done();
  }

  /** Puts a delivery for which there is no room, or no connection, on the wheel. It is no attempt. */
  async divert(job: Job, until: number): Promise<void> {
    const { exits, clock, observe } = this.options;
    observe?.diverted();
    const firstAttemptAt = job.delivery.firstAttemptAt ?? clock.now();
    await exits.wait(job, { ...job.delivery, firstAttemptAt, dueAt: until }, until);
    job.done();
  }

  /** A delivery that cannot be signed waits for its key: it is no attempt, and its overall deadline has not begun. */
  async postpone(job: Job): Promise<void> {
    const { exits, clock } = this.options;
    const now = clock.now();
    const waitedMs = now - job.delivery.acceptedAt;
    const dueAt = now + Math.min(LONGEST_POSTPONEMENT_MS, Math.max(SHORTEST_POSTPONEMENT_MS, waitedMs / 2));
    await exits.wait(job, { ...job.delivery, dueAt: Math.ceil(dueAt) }, Math.ceil(dueAt));
    job.done();
  }

  async #follow(facts: EndedAttempt & { readonly endedAt: number }, outcome: Outcome): Promise<void> {
    const { job, startedAt, result } = facts;
    const { exits } = this.options;
    switch (outcome.kind) {
      case 'delivered':
        await this.#record({ ...facts, outcome: 'delivered' });
        break;
      case 'retry': {
        const { attempt, firstAttemptAt = startedAt } = job.delivery;
        const next = { ...job.delivery, attempt: attempt + 1, firstAttemptAt, dueAt: outcome.dueAt };
        await Promise.all([
          exits.wait(job, next, outcome.dueAt),
          this.#record({ ...facts, outcome: 'retrying', nextAttemptAt: outcome.dueAt }),
        ]);
        break;
      }
      case 'dead': {
        const detail = describeFailure(result).errorDetail ?? DEAD_REASONS[outcome.reason];
        await Promise.all([
          exits.dead(job, outcome.reason, detail),
          this.#record({ ...facts, outcome: 'dead', reason: outcome.reason }),
        ]);
      }
    }
  }

  async #record(facts: AttemptFacts): Promise<void> {
    this.options.observe?.ended(facts);
    await this.options.exits.attempt(facts);
  }
}
