import type { DeadReason, WebhookSnapshot } from '@postduif/contracts';
import { BREAKER_STATES } from './circuit-breaker.js';
import type { BreakerState } from './circuit-breaker.js';
import { DEFAULT_BOUNDS, Lane } from './lane.js';
import type { LaneBounds, Slot } from './lane.js';
import { expired, isHealthy, lackOfConnection, restOf } from './outcome.js';
import type { Job, Sender, Webhooks } from './ports.js';
import { Room } from './room.js';
import type { RoomBounds } from './room.js';
import { Settlement } from './settlement.js';
import type { EndedAttempt, SettlementOptions } from './settlement.js';

export interface EngineOptions extends SettlementOptions {
  readonly webhooks: Webhooks;
  readonly sender: Sender;
  /** What all webhooks together may hold. */
  readonly room?: RoomBounds;
  /** Attempts that have ended and are not durably written down; beyond it no request begins, as it might be repeated. Default 1,000. */
  readonly maxUnsettled?: number;
  readonly bounds?: LaneBounds;
  /** Whether anything may begin at present, diversions included. Call `resume` when it may again. Default: always. */
  readonly mayBegin?: () => boolean;
  /** How much longer requests seem to take than they do, in milliseconds. Default 0. */
  readonly ownDelayMs?: () => number;
  /** Called when work ended with an error that is a mistake of ours; the record stays unacknowledged and is read again later. */
  readonly failed: (error: unknown, job: Job) => void;
}

/** For metrics. */
export interface EngineState {
  readonly inFlight: number;
  readonly unsettled: number;
  readonly queued: number;
  readonly lanes: number;
  readonly breakers: Readonly<Record<BreakerState, number>>;
}

const MIB = 1024 * 1024;
export const DEFAULT_ROOM: RoomBounds = { slots: 5_000, records: 2_000, bytes: 24 * MIB, briefBytes: 56 * MIB };
const MAX_UNSETTLED = 1_000;
/** Deliveries of one queue that are diverted at once. */
const AT_ONCE = 200;
/** Deliveries that something is done for other than to send them: mostly they wait for Kafka. From here on no more are wanted. */
const MAX_PASSING = 4_000;
const SWEEP_MS = 10_000;
const RECONFIGURED_MS = 1_000;
const GONE = 410;

/**
 * Takes deliveries as they are read and sees each to an end: delivered, on the retry wheel, or dead, and only then acknowledges
 * its record. Every webhook has a lane of its own, so that no receiver holds up another.
 */
export class DeliveryEngine {
  readonly #room: Room;
  readonly #settlement: Settlement;
  readonly #lanes = new Map<string, Lane<Job>>();
  readonly #wakes = new Map<Lane<Job>, { readonly at: number; readonly callOff: () => void }>();
  /** Lanes that could not send because nobody may, or for want of bytes, in the order in which they came. */
  readonly #starved = new Set<Lane<Job>>();
  /** Versions of webhooks whose receiver answered 410; they stay disabled here until the configuration says something newer. */
  readonly #gone = new Map<string, number>();
  /** Lanes of whose queues a part is diverted at present. */
  readonly #diverting = new Set<Lane<Job>>();
  /** How to hand over more, of those who may not for now. */
  #refused: (() => void)[] = [];
  /** Read while nothing may begin, in order. */
  readonly #held: Job[] = [];
  #unsettled = 0;
  /** Deliveries that something is being done for; what is queued or held waits for that. */
  #running = 0;
  #sweptAt = 0;
  #sweepSoon = false;
  #idle: PromiseWithResolvers<undefined> | undefined;

  constructor(private readonly options: EngineOptions) {
    this.#room = new Room(options.room ?? DEFAULT_ROOM);
    this.#settlement = new Settlement(options);
  }

  get state(): EngineState {
    const breakers = Object.fromEntries(BREAKER_STATES.map((state) => [state, 0])) as Record<BreakerState, number>;
    let queued = 0;
    for (const lane of this.#lanes.values()) {
      queued += lane.queued;
      breakers[lane.breaker.state] += 1;
    }
    return { inFlight: this.#room.inFlight, unsettled: this.#unsettled, queued, lanes: this.#lanes.size, breakers };
  }

  /**
   * Deliveries that wait neither for a receiver nor for room with one, but for us: to know the configuration, to write down what follows, or
   * for a moment only, if we had the time (of these, large ones count for several, and none for longer than five seconds).
   */
  get pending(): number {
    return this.#passing + this.#room.forUs;
  }

  get #passing(): number {
    return this.#running - this.#room.inFlight + this.#held.length;
  }

  /** Whether another delivery may be handed over at present. If not, `whenItMay` is called, once. */
  mayTake(whenItMay: () => void): boolean {
    if (this.#passing < MAX_PASSING) return true;
    this.#refused.push(whenItMay);
    return false;
  }

  /** Takes a delivery; returns at once. */
  accept(job: Job): void {
    if (this.#mayBegin) this.#take(job);
    else this.#held.push(job);
  }

  /** Requests may begin again. */
  resume(): void {
    for (const job of this.#held.splice(0)) if (job.isCurrent()) this.accept(job);
    for (const lane of [...this.#starved]) {
      this.#starved.delete(lane);
      this.#pump(lane);
    }
    this.#relieve();
  }

  /** Resolves when what is under way has ended and is written down. What is queued is not waited for, and stays unacknowledged. */
  async settled(): Promise<void> {
    if (this.#running > 0) await (this.#idle ??= Promise.withResolvers<undefined>()).promise;
  }

  /** The configuration has changed. Within a second lanes go whose webhooks get nothing any more, or when nothing is under way there. */
  reconfigured(): void {
    if (this.#sweepSoon || this.#lanes.size === 0) return;
    this.#sweepSoon = true;
    const { clock } = this.options;
    clock.at(clock.now() + RECONFIGURED_MS, () => {
      this.#sweepSoon = false;
      this.#sweep(clock.now());
      if ([...this.#lanes.values()].some((lane) => this.#isOver(lane))) this.reconfigured();
    });
  }

  #take(job: Job): void {
    const { clock, observe } = this.options;
    const now = clock.now();
    const { webhook: id, dueAt } = job.delivery;
    if (dueAt !== undefined) observe?.returned(now - dueAt);
    const webhook = this.#deliverable(id);
    if (typeof webhook === 'string') void this.#run(job, this.#recheck(job));
    else if (!this.options.sender.canSign(webhook)) void this.#run(job, this.#settlement.postpone(job));
    else if (expired(job.delivery, webhook, now)) void this.#run(job, this.#settlement.bury(job, webhook, 'expired'));
    else this.#admit(job, webhook);
  }

  #admit(job: Job, webhook: WebhookSnapshot): void {
    const now = this.options.clock.now();
    const lane = this.#lane(job, webhook, now);
    const wasCrowded = lane.isCrowded;
    const admission = lane.admit(job, now, this.#full);
    if (lane.isCrowded && !wasCrowded) this.options.observe?.crowded(webhook);
    switch (admission.kind) {
      case 'dispatch':
        void this.#run(job, this.#attempt(lane, job, webhook, admission.slot));
        break;
      case 'divert':
        void this.#run(job, this.#settlement.divert(job, admission.until));
        break;
      case 'queue':
        if (this.#full || lane.lacksRoom) this.#starved.add(lane);
        this.#wake(lane, now);
    }
  }

  /** Nothing may be sent: all slots are taken, what was sent cannot be written down, or what is here may be somebody else's by now. */
  get #full(): boolean {
    const { maxUnsettled = MAX_UNSETTLED } = this.options;
    return !this.#room.hasSlot || this.#unsettled >= maxUnsettled || !this.#mayBegin;
  }

  get #mayBegin(): boolean {
    return this.options.mayBegin?.() !== false;
  }

  /** A webhook that looks undeliverable may only be newer than what we know: look again when we are up to date. */
  async #recheck(job: Job): Promise<void> {
    await this.options.webhooks.current();
    if (!job.isCurrent()) return;
    if (!this.#mayBegin) {
      this.#held.push(job);
      return;
    }
    const webhook = this.#deliverable(job.delivery.webhook);
    if (typeof webhook === 'string') await this.#settlement.bury(job, undefined, webhook);
    else if (!this.options.sender.canSign(webhook)) await this.#settlement.postpone(job);
    else this.#admit(job, webhook);
  }

  #deliverable(id: string): WebhookSnapshot | DeadReason {
    const webhook = this.options.webhooks.find(id);
    if (webhook === undefined) return 'webhook_deleted';
    if (webhook.state === 'disabled') return 'webhook_disabled';
    if (!webhook.validated) return 'webhook_not_validated';
    const gone = this.#gone.get(id);
    if (gone === undefined) return webhook;
    if (gone >= webhook.version) return 'webhook_disabled';
    this.#gone.delete(id);
    return webhook;
  }

  /** One for each record key: a webhook's shards are independent of one another. */
  #lane(job: Job, webhook: WebhookSnapshot, now: number): Lane<Job> {
    const key = job.key?.toString() ?? webhook.id;
    let lane = this.#lanes.get(key);
    if (lane === undefined) {
      if (now - this.#sweptAt >= SWEEP_MS) this.#sweep(now);
      lane = new Lane(webhook.id, this.#room, this.options.bounds ?? DEFAULT_BOUNDS, this.options.ownDelayMs);
      this.#lanes.set(key, lane);
    }
    lane.configure(webhook, now);
    return lane;
  }

  #sweep(now: number): void {
    this.#sweptAt = now;
    for (const [key, lane] of this.#lanes)
      if (lane.idle(now) || (this.#isOver(lane) && lane.isEmpty(now))) this.#lanes.delete(key);
  }

  /** Its webhook gets nothing any more. */
  #isOver(lane: Lane<Job>): boolean {
    return typeof this.#deliverable(lane.webhook) === 'string';
  }

  async #attempt(lane: Lane<Job>, job: Job, webhook: WebhookSnapshot, slot: Slot): Promise<void> {
    const result = await this.options.sender.post(job, webhook);
    const ended = { job, webhook, startedAt: slot.startedAt, result };
    this.#unsettled += 1;
    const lack = lackOfConnection(result);
    try {
      if (lack !== undefined) {
        this.options.observe?.turnedAway(webhook, lack);
        await this.#turnAway(lane, job, slot);
      } else {
        this.#learn(lane, slot, ended);
        await this.#settlement.settle(ended);
      }
    } finally {
      this.#unsettled -= 1;
      this.#feed();
    }
  }

  async #turnAway(lane: Lane<Job>, job: Job, slot: Slot): Promise<void> {
    const until = lane.turnAway(job, slot, this.options.clock.now());
    this.#pump(lane);
    this.#feed();
    if (!job.isCurrent()) return;
    if (this.#mayBegin) await this.#settlement.divert(job, until);
    else this.#held.push(job);
  }

  /** What an answer says about the receiver counts at once, before it is written down. */
  #learn(lane: Lane<Job>, slot: Slot, { job, webhook, result }: EndedAttempt): void {
    const now = this.options.clock.now();
    if (result.outcome === 'response' && result.status === GONE) this.#gone.set(webhook.id, webhook.version);
    const wasClosed = lane.breaker.state === 'closed';
    lane.finished(job, slot, isHealthy(result) ? 'succeeded' : 'failed', result.timing.totalMs, now);
    const isClosed = lane.breaker.state === 'closed';
    if (wasClosed !== isClosed)
      this.options.observe?.breakerMoved(webhook, isClosed ? 'closed' : 'open', lane.divertedUntil);
    const restMs = restOf(result, now);
    if (restMs !== undefined) lane.rest(restMs, now);
    this.#pump(lane);
    this.#feed();
  }

  #feed(): void {
    // Who starves again comes to the end of the set: once round.
    let round = this.#starved.size;
    for (const lane of this.#starved) {
      if (this.#full || round === 0) return;
      round -= 1;
      this.#starved.delete(lane);
      this.#pump(lane);
    }
  }

  /** Sends from a lane's queue what may go, diverts what has waited too long, and comes back when time alone changes something. */
  #pump(lane: Lane<Job>): void {
    const now = this.options.clock.now();
    while (!this.#full) {
      const next = lane.next(now);
      if (next === undefined) break;
      this.#send(lane, next.job, next.slot, now);
    }
    if (lane.lacksRoom || (this.#full && lane.queued > 0)) this.#starved.add(lane);
    // Whoever has the deliveries by now would divert them, too.
    if (this.#mayBegin) {
      this.#divertOverdue(lane, now);
      if (!this.#diverting.has(lane)) this.#wake(lane, now);
    }
  }

  /** A part at a time: the rest waits in the queue until that is written down. */
  #divertOverdue(lane: Lane<Job>, now: number): void {
    if (this.#diverting.has(lane)) return;
    const part: Promise<void>[] = [];
    for (const { job, until } of lane.overdue(now)) {
      if (job.isCurrent()) part.push(this.#run(job, this.#settlement.divert(job, until)));
      if (part.length === AT_ONCE) break;
    }
    if (part.length < AT_ONCE) return;
    this.#diverting.add(lane);
    void Promise.all(part).then(() => {
      this.#diverting.delete(lane);
      this.#pump(lane);
    });
  }

  /** While the delivery was queued its partition may have been taken away, or the webhook may have changed. */
  #send(lane: Lane<Job>, job: Job, slot: Slot, now: number): void {
    const webhook = job.isCurrent() ? this.#deliverable(job.delivery.webhook) : undefined;
    if (typeof webhook === 'object' && this.options.sender.canSign(webhook))
      void this.#run(job, this.#attempt(lane, job, webhook, slot));
    else {
      lane.withdraw(job, slot, now);
      if (webhook !== undefined) void this.#run(job, this.#recheck(job));
    }
  }

  #wake(lane: Lane<Job>, now: number): void {
    const at = lane.wakeAt(now);
    const former = this.#wakes.get(lane);
    // To be woken too early costs less than a new timer for each delivery.
    if (at === undefined || (former !== undefined && former.at <= at)) return;
    former?.callOff();
    const callOff = this.options.clock.at(at, () => {
      this.#wakes.delete(lane);
      this.#pump(lane);
    });
    this.#wakes.set(lane, { at, callOff });
  }

  /** Never rejects. */
  async #run(job: Job, work: Promise<void>): Promise<void> {
    this.#running += 1;
    try {
      await work;
    } catch (error) {
      this.options.failed(error, job);
    }
    this.#running -= 1;
    if (this.#running === 0) {
      this.#idle?.resolve(undefined);
      this.#idle = undefined;
    }
    this.#relieve();
  }

  #relieve(): void {
    if (this.#refused.length === 0 || this.#passing > MAX_PASSING / 2) return;
    const refused = this.#refused;
    this.#refused = [];
    for (const whenItMay of refused) whenItMay();
  }
}
