import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Event, TopicNames, WebhookSnapshot } from '@postduif/contracts';
import type { OutgoingRecord, TopicPartition } from '@postduif/kafka';
import type { WebhookIndex } from '@postduif/matching';
import type { RepeatWindows } from '../repeats/repeat-windows.js';
import { acceptedAt, Bodies, deliveryRecord } from './delivery-records.js';
import type { EventRecord } from './delivery-records.js';
import type { DispatchFacts, DispatchObserver } from './dispatch-facts.js';
import type { DurableWriter, Written } from './durable-writer.js';
import { explain, readEvent } from './event-record.js';
import type { Unreadable } from './event-record.js';
import type { Rejections } from './rejections.js';

export interface EventDispatcherOptions {
  readonly index: Pick<WebhookIndex, 'match'>;
  readonly windows: Pick<RepeatWindows, 'isRepeat' | 'forget'>;
  readonly writer: Pick<DurableWriter, 'hasRoom' | 'room' | 'write'>;
  readonly rejections: Pick<Rejections, 'write'>;
  readonly topics: Pick<TopicNames, 'deliveries'>;
  readonly observer: DispatchObserver;
  /** Unix milliseconds, with fractions. */
  readonly now: () => number;
}

/** Events after which the rest of the process gets its turn, so that the first of many are written early. */
const TURN = 50;

/** What an event leads to. */
interface Plan {
  readonly facts: Omit<DispatchFacts, 'writeMs'>;
  readonly event: Event;
  readonly webhooks: readonly WebhookSnapshot[];
  readonly bodies: Bodies;
}

/**
 * Makes one delivery for each webhook that wants an event, and acknowledges the event when all of them are durable. Takes events one after
 * the other, so that deliveries keep their order, and starts with the next while the last are being written, as long as there is room.
 */
export class EventDispatcher {
  #queue: EventRecord[] = [];
  #waiting = 0;
  #running = false;

  constructor(private readonly options: EventDispatcherOptions) {}

  /** Events that were read and not looked at yet. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Takes a record of `events` and returns. A replayed one was dispatched before: its identity is remembered, and that is all. */
  take(record: EventRecord): void {
    if (record.replayed) {
      const event = readEvent(record.value);
      if (!('unreadable' in event)) this.options.windows.isRepeat(event, record);
      this.options.observer.replayed();
      return;
    }
    this.#queue.push(record);
    this.#waiting += 1;
    if (!this.#running) void this.#run();
  }

  /** Partitions that are not read any more, or from another place. Their records that wait are somebody else's. */
  forget(partitions: readonly TopicPartition[]): void {
    for (const { partition } of partitions) this.options.windows.forget(partition);
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#queue.length > 0) {
      const records = this.#queue;
      this.#queue = [];
      for (const [index, record] of records.entries()) {
        if (index % TURN === TURN - 1) await nextTurn();
        if (!this.options.writer.hasRoom()) await this.options.writer.room();
        this.#waiting -= 1;
        if (record.isCurrent()) await this.#dispatch(record);
      }
    }
    this.#running = false;
  }

  /** Resolves when the deliveries are on their way, not when they are durable. */
  async #dispatch(record: EventRecord): Promise<void> {
    const startedAt = this.options.now();
    const plan = this.#plan(record, startedAt);
    if ('unreadable' in plan) {
      void this.#reject(record, plan, startedAt);
      return;
    }
    const { writer, topics } = this.options;
    const writes: Promise<Written>[] = [];
    for (const webhook of plan.webhooks) {
      if (!writer.hasRoom()) await writer.room();
      const body = plan.bodies.in(webhook.format);
      writes.push(this.#deliver(record, deliveryRecord(topics.deliveries, record, plan.event, webhook, body)));
    }
    void this.#finish(record, plan.facts, writes);
  }

  #plan(record: EventRecord, startedAt: number): Plan | Unreadable {
    const event = readEvent(record.value);
    if ('unreadable' in event) return event;
    const isRepeat = this.options.windows.isRepeat(event, record);
    try {
      const webhooks = isRepeat ? [] : this.options.index.match(event);
      const bodies = new Bodies(event);
      const bytes = webhooks.reduce((sum, { format }) => sum + bodies.in(format).body.length, 0);
      const facts = {
        ...this.#factsOf(record, startedAt),
        outcome: isRepeat ? 'repeat' : webhooks.length > 0 ? 'matched' : 'unmatched',
        event: event.id,
        account: event.account,
        type: event.type,
        webhooks: webhooks.map(({ id }) => id),
        bytes,
      } as const;
      return { facts, event, webhooks, bodies };
    } catch {
      // What matching or rendering stumbled over means nothing to people; the contract's own words do.
      return explain(event);
    }
  }

  /** A body that its topic does not take is reported with its event; the event's other deliveries go on. */
  async #deliver(record: EventRecord, delivery: OutgoingRecord): Promise<Written> {
    const written = await this.options.writer.write(delivery);
    if (written !== 'too large') return written;
    const detail = `The delivery to webhook ${String(delivery.key)} is larger than the topic ${delivery.topic} takes.`;
    return this.options.rejections.write(record, 'payload_too_large', detail);
  }

  async #reject(record: EventRecord, { unreadable }: Unreadable, startedAt: number): Promise<void> {
    const facts = {
      ...this.#factsOf(record, startedAt),
      outcome: 'rejected',
      webhooks: [],
      bytes: 0,
      detail: unreadable,
    } as const;
    await this.#finish(record, facts, [this.options.rejections.write(record, 'invalid_event', unreadable)]);
  }

  async #finish(record: EventRecord, facts: Plan['facts'], writes: readonly Promise<Written>[]): Promise<void> {
    const writingSince = this.options.now();
    const outcomes = await Promise.all(writes);
    if (outcomes.includes('given up')) return;
    record.done();
    this.options.observer.dispatched({ ...facts, writeMs: this.options.now() - writingSince });
  }

  #factsOf(record: EventRecord, startedAt: number) {
    return {
      partition: record.partition,
      offset: record.offset,
      waitedMs: Math.max(0, startedAt - acceptedAt(record)),
      dispatchMs: this.options.now() - startedAt,
    };
  }
}
