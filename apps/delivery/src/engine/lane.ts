import type { WebhookSnapshot } from '@postduif/contracts';
import { CircuitBreaker } from './circuit-breaker.js';
import { RateLimiter } from './rate-limiter.js';

/** Bounds of what a webhook may keep in memory. */
export interface LaneBounds {
  /** Longest expected wait in the queue, in milliseconds; beyond it deliveries are diverted. */
  readonly maxWaitMs: number;
  readonly maxQueued: number;
  readonly maxQueuedBytes: number;
  /** Farthest moment to which a diversion is scheduled, in milliseconds from now. */
  readonly horizonMs: number;
}

export const DEFAULT_BOUNDS: LaneBounds = {
  maxWaitMs: 1_000,
  maxQueued: 2_000,
  maxQueuedBytes: 4 * 1024 * 1024,
  horizonMs: 60_000,
};

/** What a lane needs to know of a delivery. */
export interface Queued {
  readonly body: { readonly length: number };
  /** True when it comes back from the retry wheel: it has waited already and goes before new ones. */
  readonly returning: boolean;
}

/** Where a delivery goes now. `divertUntil` is a moment in Unix milliseconds. */
export type Admission =
  { readonly kind: 'dispatch' } | { readonly kind: 'queue' } | { readonly kind: 'divert'; readonly until: number };

/** Expected duration of a request before any was measured. */
const ASSUMED_LATENCY_MS = 50;
const SMOOTHING = 0.2;

/**
 * One webhook's way through the engine: slots for requests in flight, its rate, its breaker and a short queue. What does not fit
 * is diverted to the retry wheel, due when the webhook will have room (virtual scheduling: each diverted delivery takes the next
 * free time slot at the measured rate).
 */
export class Lane<Job extends Queued> {
  readonly breaker: CircuitBreaker;
  readonly #queue: { job: Job; since: number }[] = [];
  #queuedBytes = 0;
  #inFlight = 0;
  #latencyMs = ASSUMED_LATENCY_MS;
  /** When a request last ended, or the first of those under way began. */
  #lastProgressAt = 0;
  #virtualTime = 0;
  #concurrency = 1;
  #limiter: RateLimiter | undefined;

  constructor(
    readonly webhook: string,
    private readonly bounds: LaneBounds = DEFAULT_BOUNDS,
    breaker = new CircuitBreaker(),
  ) {
    this.breaker = breaker;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  get queued(): number {
    return this.#queue.length;
  }

  /** Nothing is under way and nothing is remembered that matters: the lane can be forgotten. */
  idle(now: number): boolean {
    return (
      this.#inFlight === 0 &&
      this.#queue.length === 0 &&
      this.breaker.state === 'closed' &&
      this.#virtualTime <= now &&
      (this.#limiter?.nextAt ?? 0) <= now
    );
  }

  /** Takes the limits from the newest configuration. */
  configure(webhook: Pick<WebhookSnapshot, 'concurrency' | 'rate'>): void {
    this.#concurrency = webhook.concurrency;
    if (this.#limiter?.rate !== webhook.rate)
      this.#limiter = webhook.rate === undefined ? undefined : new RateLimiter(webhook.rate);
  }

  /** Decides about a delivery that has just been read. After `dispatch` its slot is taken. `full`: the whole engine has no slot. */
  admit(job: Job, now: number, full = false): Admission {
    if (!job.returning && this.#virtualTime > now + this.bounds.maxWaitMs) return this.#divert(now);
    if (this.#queue.length === 0 && !full) {
      const admission = this.#tryDispatch(now);
      if (admission === true) return { kind: 'dispatch' };
      if (admission.reason === 'breaker') return this.#divert(now, admission.until);
    }
    if (!this.#fits(job, now)) return this.#divert(now);
    this.#enqueue(job, now);
    return { kind: 'queue' };
  }

  /** The next queued delivery that may go now; its slot is taken. */
  next(now: number): Job | undefined {
    const head = this.#queue[0];
    if (head === undefined || this.#tryDispatch(now) !== true) return undefined;
    this.#queue.shift();
    this.#queuedBytes -= head.job.body.length;
    return head.job;
  }

  /** Queued deliveries to divert: those that have waited too long, or all while the breaker is not closed. */
  *overdue(now: number): Generator<{ job: Job; until: number }> {
    for (;;) {
      const head = this.#queue[0];
      if (head === undefined) return;
      if (this.breaker.state === 'closed' && now - head.since < this.bounds.maxWaitMs) return;
      this.#queue.shift();
      this.#queuedBytes -= head.job.body.length;
      yield { job: head.job, until: this.#divert(now).until };
    }
  }

  /** When `next` or `overdue` should be asked again although no request ends; `undefined` with an empty queue. */
  wakeAt(now: number): number | undefined {
    const head = this.#queue[0];
    if (head === undefined) return undefined;
    if (this.breaker.state !== 'closed') return now;
    const overdueAt = head.since + this.bounds.maxWaitMs;
    return this.#limiter !== undefined && this.#limiter.nextAt > now
      ? Math.min(this.#limiter.nextAt, overdueAt)
      : overdueAt;
  }

  /** A request has ended after `durationMs`. */
  finished(outcome: 'succeeded' | 'failed', durationMs: number, now: number): void {
    this.#inFlight -= 1;
    this.#lastProgressAt = now;
    this.#latencyMs += (durationMs - this.#latencyMs) * SMOOTHING;
    if (outcome === 'succeeded') this.breaker.succeeded();
    else this.breaker.failed(now);
  }

  #tryDispatch(now: number): true | { reason: 'full' } | { reason: 'breaker'; until: number } {
    if (this.#inFlight >= this.#concurrency) return { reason: 'full' };
    if (this.#limiter !== undefined && this.#limiter.nextAt > now) return { reason: 'full' };
    const admitted = this.breaker.admit(now);
    if (admitted !== true) return { reason: 'breaker', until: admitted };
    this.#limiter?.take(now);
    if (this.#inFlight === 0) this.#lastProgressAt = now;
    this.#inFlight += 1;
    return true;
  }

  /** Requests a second that the webhook is expected to take. A receiver that hangs is known by what does not end. */
  #serviceRate(now: number): number {
    const hangingMs = this.#inFlight >= this.#concurrency ? now - this.#lastProgressAt : 0;
    const byLatency = (this.#concurrency * 1_000) / Math.max(this.#latencyMs, hangingMs, 1);
    return Math.min(byLatency, this.#limiter?.rate ?? Infinity);
  }

  #fits(job: Job, now: number): boolean {
    if (this.breaker.state !== 'closed') return false;
    const waitMs = ((this.#queue.length + 1) * 1_000) / this.#serviceRate(now);
    return (
      (waitMs <= this.bounds.maxWaitMs || this.#queue.length === 0) &&
      this.#queue.length < this.bounds.maxQueued &&
      this.#queuedBytes + job.body.length <= Math.max(this.bounds.maxQueuedBytes, job.body.length)
    );
  }

  #enqueue(job: Job, now: number): void {
    this.#queue.push({ job, since: now });
    this.#queuedBytes += job.body.length;
  }

  #divert(now: number, notBefore = now): { kind: 'divert'; until: number } {
    const earliest = Math.max(notBefore, now + this.bounds.maxWaitMs);
    const slot = Math.max(this.#virtualTime, earliest);
    this.#virtualTime = Math.min(slot + 1_000 / this.#serviceRate(now), earliest + this.bounds.horizonMs);
    return { kind: 'divert', until: Math.ceil(slot) };
  }
}
