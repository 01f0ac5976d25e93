import { rateOf, shardsOf } from '@postduif/contracts';
import type { WebhookSnapshot } from '@postduif/contracts';
import { tierFor } from '@postduif/retry-schedule';
import { CircuitBreaker } from './circuit-breaker.js';
import { RateLimiter } from './rate-limiter.js';
import { costOf } from './room.js';
import type { Room, Share } from './room.js';

/** Bounds of a webhook's lane. All times in milliseconds. */
export interface LaneBounds {
  /** What waits no longer than this is gone in a moment, and takes up no room of those that are slow. */
  readonly shortWaitMs: number;
  /** Longest expected wait in the queue; beyond it deliveries are diverted. */
  readonly maxWaitMs: number;
  /** Real wait after which what is still expected to wait longer than `shortWaitMs` is diverted, and nothing counts as waiting for us. */
  readonly overdueMs: number;
  /** Real wait after which that is so whoever it waits for: it keeps what follows in its partition from being committed. */
  readonly longestWaitMs: number;
  /** Shortest diversion: what the shortest tier of the wheel is for. */
  readonly shortestMs: number;
  /** Longest diversion of a delivery that has not waited yet. */
  readonly horizonMs: number;
  /** Longest diversion of all. */
  readonly farthestMs: number;
}

export const DEFAULT_BOUNDS: LaneBounds = {
  shortWaitMs: 1_000,
  maxWaitMs: 2_000,
  overdueMs: 5_000,
  longestWaitMs: 30_000,
  shortestMs: 1_000,
  horizonMs: 5_000,
  farthestMs: 3_600_000,
};

/** What a lane needs to know of a delivery. */
export interface Queued {
  readonly body: { readonly length: number };
  readonly delivery: { readonly firstAttemptAt?: number | undefined; readonly dueAt?: number | undefined };
}

/** Permission for one request. Given back with how it ended. */
export interface Slot {
  readonly kind: 'slot';
  readonly startedAt: number;
  /** It decides about the breaker. */
  readonly probe: boolean;
}

/** Where a delivery goes now. `until` is a moment in Unix milliseconds. */
export type Admission =
  | { readonly kind: 'dispatch'; readonly slot: Slot }
  | { readonly kind: 'queue' }
  | { readonly kind: 'divert'; readonly until: number };

/** Why there is no slot: none is free, or there will be none before `until`. */
type Refusal = { readonly kind: 'busy' } | { readonly kind: 'closed'; readonly until: number };

interface Entry<Job> {
  readonly job: Job;
  readonly since: number;
  /** Whether it takes up room, is gone in a moment, or would be if we had the time. */
  takes: 'room' | 'a moment' | 'our time';
}

const BUSY: Refusal = { kind: 'busy' };
const QUEUE: Admission = { kind: 'queue' };

/** Expected duration of a request before any was measured: what was queued in vain is diverted soon, what was diverted in vain is late. */
const ASSUMED_LATENCY_MS = 2;
/** So long may all slots be silent before it counts. */
const SILENCE_MS = 1_000;
const SMOOTHING = 0.2;
/** Multiples of it, modulo 1, are as even as can be (Weyl, 1916). */
const GOLDEN_RATIO = 0.618_033_988_749_895;

/**
 * One webhook's way through the engine: slots for requests in flight, its rate, its breaker and a queue. What does not fit
 * is diverted to the retry wheel, due when the webhook will have room (virtual scheduling: each diverted delivery takes the next
 * free time slot at the measured rate). The longer a delivery has waited already, the farther away it may be sent, so that a long
 * outage costs few hops, and after it none waits more than about half as long again.
 */
export class Lane<Job extends Queued> {
  readonly #queue: Entry<Job>[] = [];
  /** What it takes up of the room. */
  readonly #held = { records: 0, bytes: 0 };
  #inFlight = 0;
  /** What those cost that are queued for a moment. */
  #briefly = 0;
  /** How long requests take the receiver. */
  #latencyMs = ASSUMED_LATENCY_MS;
  /** How long they have their slots, whoever keeps them. */
  #slotMs = ASSUMED_LATENCY_MS;
  /** When a request last ended, or the first of those under way began. */
  #lastProgressAt = 0;
  /** The next free time slot for a diverted delivery. */
  #virtualTime = 0;
  #spreadAt = 0;
  /** Start of the first of the requests that have failed since one last succeeded. */
  #downSince: number | undefined;
  #divertedUntil = 0;
  /** The receiver asked to be left alone for so long, until then. */
  #rest = { ms: 0, until: 0 };
  #crowded = false;
  #version = 0;
  #concurrency = 1;
  #limiter: RateLimiter | undefined;

  constructor(
    /** Id of the webhook. */
    readonly webhook: string,
    private readonly room: Room,
    private readonly bounds: LaneBounds = DEFAULT_BOUNDS,
    /** How much longer requests seem to take than they do, in milliseconds, because we are busy. */
    private readonly ownDelayMs: () => number = () => 0,
    readonly breaker = new CircuitBreaker(),
  ) {}

  get inFlight(): number {
    return this.#inFlight;
  }

  get queued(): number {
    return this.#queue.length;
  }

  /**
   * More waits for a moment than there is memory for: until nothing is queued, new ones are diverted that would wait long, whether for us or
   * for the receiver.
   */
  get isCrowded(): boolean {
    return this.#crowded;
  }

  /** What it takes up of the room. */
  get held(): Share {
    return this.#held;
  }

  /** When the last of what was diverted comes back, Unix milliseconds. In the past when nothing is away. */
  get divertedUntil(): number {
    return this.#divertedUntil;
  }

  /** What is next waits for bytes that are held, by others or by what it has in flight. */
  get lacksRoom(): boolean {
    const head = this.#queue[0];
    return head !== undefined && head.takes !== 'room' && !this.room.fitsInFlight(this.#held, head.job.body.length);
  }

  /**
   * Nothing is under way and nothing is remembered that matters: the lane can be forgotten. That a receiver is down matters for as long as
   * its deliveries may be diverted.
   */
  idle(now: number): boolean {
    return (
      this.isEmpty(now) &&
      this.breaker.admitsFrom(now) + this.bounds.farthestMs <= now &&
      Math.max(this.#virtualTime, this.#restsUntil(now)) <= now
    );
  }

  /** Nothing is under way, and the next request would be within the rate also without a memory of those before it. */
  isEmpty(now: number): boolean {
    return this.#inFlight === 0 && this.#queue.length === 0 && (this.#limiter?.nextAt(now) ?? 0) <= now;
  }

  /**
   * Takes its part of the limits from the newest configuration: a webhook's shards know nothing of one another. A new version ends a rest:
   * the webhook's owner may have mended something.
   */
  configure(
    webhook: Pick<WebhookSnapshot, 'version' | 'concurrency' | 'rate' | 'allowedRate' | 'shards'>,
    now: number,
  ): void {
    if (webhook.version === this.#version) return;
    const shards = shardsOf(webhook);
    this.#version = webhook.version;
    this.#rest = { ms: 0, until: 0 };
    this.#concurrency = Math.floor(webhook.concurrency / shards);
    const rate = rateOf(webhook);
    if (rate === undefined) this.#limiter = undefined;
    else if (this.#limiter === undefined) this.#limiter = new RateLimiter(rate / shards);
    else this.#limiter.change(rate / shards, now);
  }

  /** Decides about a delivery that has just been read. `full`: nothing may be sent at present. */
  admit(job: Job, now: number, full = false): Admission {
    if (this.#queue.length === 0 && !full && this.room.fitsInFlight(this.#held, job.body.length)) {
      const slot = this.#takeSlot(now);
      if (slot.kind === 'slot') {
        this.#enter(job);
        return { kind: 'dispatch', slot };
      }
      if (slot.kind === 'closed') return this.#divert(job, now, slot.until);
    }
    return this.#enqueue(job, now) ? QUEUE : this.#divert(job, now);
  }

  /** The next queued delivery that may go now, with its slot. */
  next(now: number): { job: Job; slot: Slot } | undefined {
    const head = this.#queue[0];
    if (head === undefined || this.lacksRoom) return undefined;
    const slot = this.#takeSlot(now);
    if (slot.kind !== 'slot') return undefined;
    this.#dequeue(head);
    this.#enter(head.job);
    return { job: head.job, slot };
  }

  /** Queued deliveries to divert: those that have waited too long, or all while none may go. */
  *overdue(now: number): Generator<{ job: Job; until: number }> {
    this.#relent(now);
    for (;;) {
      const head = this.#queue[0];
      if (head === undefined) return;
      if (this.#isOpen(now) && !this.#isOverdue(head, now)) return;
      this.#dequeue(head);
      const notBefore = Math.max(this.#restsUntil(now), this.breaker.admitsFrom(now));
      yield { job: head.job, until: this.#divert(head.job, now, notBefore).until };
    }
  }

  /** When `next` or `overdue` should be asked again although no request ends; `undefined` with an empty queue. */
  wakeAt(now: number): number | undefined {
    const head = this.#queue[0];
    if (head === undefined) return undefined;
    if (!this.#isOpen(now)) return now;
    const allowedAt = this.#limiter?.nextAt(now) ?? 0;
    const lookAgainAt = now + this.bounds.shortWaitMs;
    return allowedAt > now ? Math.min(allowedAt, lookAgainAt) : lookAgainAt;
  }

  /** A request has ended, after the receiver had it for `tookMs`. */
  finished(job: Job, slot: Slot, outcome: 'succeeded' | 'failed', tookMs: number, now: number): void {
    this.#giveBack(job);
    this.#lastProgressAt = now;
    this.#latencyMs += (this.#byReceiver(tookMs) - this.#latencyMs) * SMOOTHING;
    this.#slotMs += (now - slot.startedAt - this.#slotMs) * SMOOTHING;
    if (outcome === 'failed') {
      this.#downSince ??= slot.startedAt;
      this.breaker.failed(now, slot.probe);
    } else {
      this.#downSince = undefined;
      // What was measured while it was down says nothing about when it has room.
      if (this.breaker.state !== 'closed') this.#virtualTime = now;
      this.breaker.succeeded();
    }
    // Whoever has slots to spare is not behind any more.
    if (this.#queue.length === 0) this.#virtualTime = Math.min(this.#virtualTime, now + this.bounds.maxWaitMs);
  }

  /** A delivery that had its slot is not sent after all. */
  withdraw(job: Job, slot: Slot, now: number): void {
    this.#giveBack(job);
    if (slot.probe) this.breaker.withdraw(now);
  }

  /**
   * A delivery that had its slot found no connection.
   *
   * @returns until when it is diverted: nobody knows when there is one, and not all should look for it at once
   */
  turnAway(job: Job, slot: Slot, now: number): number {
    this.withdraw(job, slot, now);
    const until = Math.ceil(now + this.#horizon(job, now) * (0.5 + this.#spread() / 2));
    this.#divertedUntil = Math.max(this.#divertedUntil, until);
    return until;
  }

  /** The receiver asked to be left alone for so long (`Retry-After`), in milliseconds. */
  rest(ms: number, now: number): void {
    if (now + ms > this.#restsUntil(now)) this.#rest = { ms, until: now + ms };
  }

  /** A clock that was set back makes no rest longer. */
  #restsUntil(now: number): number {
    this.#rest.until = Math.min(this.#rest.until, now + this.#rest.ms);
    return this.#rest.until;
  }

  #isOpen(now: number): boolean {
    return this.breaker.state === 'closed' && this.#restsUntil(now) <= now;
  }

  #takeSlot(now: number): Slot | Refusal {
    const restsUntil = this.#restsUntil(now);
    if (restsUntil > now) return { kind: 'closed', until: restsUntil };
    if (this.#inFlight >= this.room.share(this.#concurrency)) return BUSY;
    if (this.#limiter !== undefined && this.#limiter.nextAt(now) > now) return BUSY;
    const admission = this.breaker.admit(now);
    if (!admission.admitted) return { kind: 'closed', until: admission.until };
    this.#limiter?.take(now);
    if (this.#inFlight === 0) this.#lastProgressAt = now;
    this.#inFlight += 1;
    this.room.takeSlot();
    return { kind: 'slot', startedAt: now, probe: admission.probe };
  }

  #giveBack(job: Job): void {
    this.#inFlight -= 1;
    this.room.freeSlot();
    this.#leave(job);
  }

  #enter({ body }: Job): void {
    this.room.enter(this.#held, body.length);
    this.#held.records += 1;
    this.#held.bytes += body.length;
  }

  #leave({ body }: Job): void {
    this.room.leave(this.#held, body.length);
    this.#held.records -= 1;
    this.#held.bytes -= body.length;
  }

  /** Requests a second that the receiver is expected to take. One that hangs is known by what does not end. */
  #receiverRate(now: number): number {
    const slots = this.room.share(this.#concurrency);
    const silentMs = this.#inFlight >= slots ? this.#byReceiver(now - this.#lastProgressAt) : 0;
    const byLatency = (slots * 1_000) / Math.max(this.#latencyMs, silentMs > SILENCE_MS ? silentMs : 0, 1);
    return Math.min(byLatency, this.#limiter?.perSecond ?? Infinity);
  }

  /** Requests a second that will be made if all goes on as it does. */
  #presentRate(now: number): number {
    return Math.min(this.#receiverRate(now), (this.room.share(this.#concurrency) * 1_000) / Math.max(this.#slotMs, 1));
  }

  /** Requests a second that are expected. */
  #serviceRate(now: number): number {
    return this.#crowded ? this.#presentRate(now) : this.#receiverRate(now);
  }

  /** Expected wait of one more delivery in the queue, at so many a second. */
  #waitMs(rate: number): number {
    return ((this.#queue.length + 1) * 1_000) / rate;
  }

  /** What is queued would, as far as can be told, be gone sooner if this process had more time. */
  #waitsForUs(now: number): boolean {
    if (this.#crowded || this.#headWaitedMs(now) > this.bounds.overdueMs) return false;
    return this.ownDelayMs() > this.#latencyMs && this.#limiter?.hasSpare(now) !== false;
  }

  #headWaitedMs(now: number): number {
    return now - (this.#queue[0]?.since ?? now);
  }

  /** What has waited for us for long may as well wait for the receiver: others are not kept on the wheel for it any more. */
  #relent(now: number): void {
    if (this.#queue[0]?.takes !== 'our time' || this.#headWaitedMs(now) <= this.bounds.overdueMs) return;
    for (const entry of this.#queue) {
      if (entry.takes !== 'our time') continue;
      entry.takes = 'a moment';
      this.room.removeForUs(entry.job.body.length);
    }
  }

  /** It has waited long and will for longer, the webhook turns out to be much slower than was expected, or there is no room. */
  #isOverdue({ since }: Entry<Job>, now: number): boolean {
    const { shortWaitMs, maxWaitMs, overdueMs, longestWaitMs } = this.bounds;
    const waitedMs = now - since;
    if (waitedMs < shortWaitMs) return false;
    // For us it may wait: it would not be sent sooner from the wheel.
    const rate = waitedMs < longestWaitMs ? this.#receiverRate(now) : this.#presentRate(now);
    return this.lacksRoom || this.#waitMs(rate) > (waitedMs < overdueMs ? maxWaitMs : shortWaitMs);
  }

  #byReceiver(ms: number): number {
    return Math.max(0, ms - this.ownDelayMs());
  }

  /**
   * One delivery may always wait, however slow the webhook is, if there is room. New ones do not overtake those that were diverted before
   * them.
   */
  #enqueue(job: Job, now: number): boolean {
    if (!this.#isOpen(now)) return false;
    const { shortWaitMs, maxWaitMs } = this.bounds;
    if (job.delivery.dueAt === undefined && this.#virtualTime > now + maxWaitMs) return false;
    const isFirst = this.#queue.length === 0;
    const { length } = job.body;
    const fitsBriefly = this.room.fitsBriefly(this.#briefly, length);
    if (!fitsBriefly && !isFirst) this.#crowded = true;
    const waitMs = this.#waitMs(this.#serviceRate(now));
    if (waitMs > maxWaitMs && !isFirst) return false;
    if (waitMs <= shortWaitMs && fitsBriefly) {
      const takes = this.#waitsForUs(now) ? 'our time' : 'a moment';
      this.#queue.push({ job, since: now, takes });
      this.#briefly += costOf(length);
      this.room.enterBriefly(length);
      if (takes === 'our time') this.room.addForUs(length);
      return true;
    }
    if ((waitMs <= shortWaitMs && !isFirst) || !this.room.fits(this.#held, length)) return false;
    this.#queue.push({ job, since: now, takes: 'room' });
    this.#enter(job);
    return true;
  }

  /** The first one leaves the queue, and gives back what it took up there. */
  #dequeue({ job, takes }: Entry<Job>): void {
    this.#queue.shift();
    if (this.#queue.length === 0) this.#crowded = false;
    if (takes === 'room') {
      this.#leave(job);
      return;
    }
    const { length } = job.body;
    this.#briefly -= costOf(length);
    this.room.leaveBriefly(length);
    if (takes === 'our time') this.room.removeForUs(length);
  }

  #divert(job: Job, now: number, notBefore = now): Admission & { readonly kind: 'divert' } {
    const until = Math.ceil(this.#timeFor(job, now, notBefore));
    this.#divertedUntil = Math.max(this.#divertedUntil, until);
    return { kind: 'divert', until };
  }

  #timeFor(job: Job, now: number, notBefore: number): number {
    const horizon = this.#horizon(job, now);
    const latest = now + horizon;
    if (notBefore > latest) return notBefore + horizon * this.#spread();
    const slot = Math.max(this.#virtualTime, notBefore, now + this.bounds.shortestMs);
    if (slot > latest || this.breaker.state !== 'closed') return latest;
    this.#virtualTime = slot + 1_000 / this.#serviceRate(now);
    return slot;
  }

  /** From 0 to 1, evenly, so that not all come back at once. */
  #spread(): number {
    this.#spreadAt = (this.#spreadAt + GOLDEN_RATIO) % 1;
    return this.#spreadAt;
  }

  /**
   * Nobody knows when a receiver that is down or far behind has room again: a delivery may wait once more as long as it has waited
   * already, or as the receiver has been down. It is the delay of a tier of the wheel, which costs one hop; others may cost ten.
   */
  #horizon({ delivery }: Job, now: number): number {
    const { horizonMs, farthestMs } = this.bounds;
    const since = Math.min(delivery.firstAttemptAt ?? now, this.#downSince ?? now);
    return Math.min(farthestMs, Math.max(horizonMs, tierFor(now - since).delayMs));
  }
}
