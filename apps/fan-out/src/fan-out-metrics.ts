import type { Log } from '@postduif/kafka';
import { Counter, Gauge, Histogram } from 'prom-client';
import type { Registry } from 'prom-client';
import type { DispatchFacts, DispatchObserver, DispatchOutcome } from './dispatching/dispatch-facts.js';

const SECONDS = [0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1, 5, 30];

/** What is looked up when metrics are collected. */
export interface FanOutState {
  readonly webhooks: number;
  readonly waiting: number;
  readonly lag: number;
  readonly identities: number;
  readonly identityBytes: number;
  readonly segmentBytes: number;
}

const LINES: Readonly<Record<DispatchOutcome, string>> = {
  matched: 'event fanned out',
  unmatched: 'nobody wants the event',
  repeat: 'event repeated; not delivered again',
  rejected: 'record rejected',
};

/** Counts what is dispatched, and writes one line for each event. */
export class FanOutMetrics implements DispatchObserver {
  readonly #events: Counter<'outcome'>;
  readonly #deliveries: Counter;
  readonly #replayed: Counter;
  readonly #dispatch: Histogram;
  readonly #write: Histogram;

  constructor(
    registry: Registry,
    private readonly log: Pick<Log, 'info' | 'warn'>,
    state: () => FanOutState,
  ) {
    const registers = [registry];
    this.#events = new Counter({
      name: 'postduif_fan_out_events_total',
      help: 'Events by outcome: matched, unmatched, repeat or rejected',
      labelNames: ['outcome'],
      registers,
    });
    this.#deliveries = new Counter({
      name: 'postduif_fan_out_deliveries_total',
      help: 'Deliveries that are durable on the topic deliveries',
      registers,
    });
    this.#replayed = new Counter({
      name: 'postduif_fan_out_replayed_events_total',
      help: 'Events that were read again when a partition was given to this process, to know repeats',
      registers,
    });
    this.#dispatch = new Histogram({
      name: 'postduif_fan_out_dispatch_seconds',
      help: 'Reading, matching and rendering one event',
      buckets: SECONDS,
      registers,
    });
    this.#write = new Histogram({
      name: 'postduif_fan_out_write_seconds',
      help: 'Until all deliveries of an event were durable',
      buckets: SECONDS,
      registers,
    });
    gauge('webhooks', 'Webhooks in memory, disabled ones included', () => state().webhooks);
    gauge('waiting', 'Events that were read and not looked at yet', () => state().waiting);
    gauge('lag_records', 'Events on the topic that are not acknowledged yet', () => state().lag);
    gauge('identities', 'Identities remembered to find repeats', () => state().identities);
    gauge('identities_bytes', 'Memory of the identities', () => state().identityBytes);
    gauge(
      'identity_segments_bytes',
      'Identities of all partitions as they were written down',
      () => state().segmentBytes,
    );

    function gauge(name: string, help: string, value: () => number): void {
      new Gauge({
        name: `postduif_fan_out_${name}`,
        help,
        registers,
        collect() {
          this.set(value());
        },
      });
    }
  }

  dispatched(facts: DispatchFacts): void {
    this.#events.inc({ outcome: facts.outcome });
    this.#deliveries.inc(facts.webhooks.length);
    this.#dispatch.observe(facts.dispatchMs / 1_000);
    this.#write.observe(facts.writeMs / 1_000);
    const { webhooks, ...line } = facts;
    const rounded = {
      ...line,
      webhooks: webhooks.length,
      ...(webhooks.length > 0 && webhooks.length <= MOST_IDS ? { to: webhooks } : {}),
      waitedMs: round(facts.waitedMs),
      dispatchMs: round(facts.dispatchMs),
      writeMs: round(facts.writeMs),
    };
    if (facts.outcome === 'rejected') this.log.warn(rounded, LINES.rejected);
    else this.log.info(rounded, LINES[facts.outcome]);
  }

  replayed(): void {
    this.#replayed.inc();
  }
}

const MOST_IDS = 20;

/** Milliseconds to the microsecond. */
function round(milliseconds: number): number {
  return Math.round(milliseconds * 1_000) / 1_000;
}
