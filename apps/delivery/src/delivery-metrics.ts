import type { Logger } from 'pino';
import { Counter, Gauge, Histogram } from 'prom-client';
import type { Registry } from 'prom-client';
import type { Observer } from './engine/delivery-engine.js';
import { describeFailure } from './engine/outcome.js';
import type { AttemptFacts } from './engine/ports.js';

export interface DeliveryState {
  readonly inFlight: number;
  readonly queued: number;
  readonly lanes: number;
  readonly breakersOpen: number;
  readonly waiting: number;
}

const SECONDS = [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

/** Counts attempts and writes one wide line for each. No label grows with the number of webhooks. */
export class DeliveryMetrics implements Observer {
  readonly #attempts: Counter<'outcome'>;
  readonly #diversions: Counter;
  readonly #duration: Histogram<'outcome'>;
  readonly #endToEnd: Histogram;

  constructor(
    registry: Registry,
    private readonly log: Logger,
    state: () => DeliveryState,
  ) {
    const registers = [registry];
    this.#attempts = new Counter({
      name: 'postduif_attempts_total',
      help: 'Ended attempts by outcome',
      labelNames: ['outcome'],
      registers,
    });
    this.#diversions = new Counter({
      name: 'postduif_diversions_total',
      help: 'Deliveries put on the wheel because their webhook had no room',
      registers,
    });
    this.#duration = new Histogram({
      name: 'postduif_request_seconds',
      help: 'Duration of requests by outcome',
      labelNames: ['outcome'],
      buckets: SECONDS,
      registers,
    });
    this.#endToEnd = new Histogram({
      name: 'postduif_delivered_seconds',
      help: 'From the acceptance of an event to the 2xx of a receiver',
      buckets: SECONDS,
      registers,
    });
    for (const [name, help] of GAUGES) {
      new Gauge({
        name: `postduif_delivery_${name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`,
        help,
        registers,
        collect() {
          this.set(state()[name]);
        },
      });
    }
  }

  diverted(): void {
    this.#diversions.inc();
  }

  ended(facts: AttemptFacts): void {
    const { job, startedAt, endedAt, result, outcome } = facts;
    this.#attempts.inc({ outcome });
    if (result !== undefined) this.#duration.observe({ outcome }, (endedAt - startedAt) / 1_000);
    if (outcome === 'delivered') this.#endToEnd.observe(Math.max(0, endedAt - job.delivery.acceptedAt) / 1_000);
    this.log[outcome === 'delivered' ? 'info' : 'warn'](line(facts), `delivery ${outcome}`);
  }
}

const GAUGES: readonly (readonly [keyof DeliveryState, string])[] = [
  ['inFlight', 'Requests in flight'],
  ['queued', 'Deliveries queued in memory'],
  ['lanes', 'Webhooks with something under way or remembered'],
  ['breakersOpen', 'Webhooks whose breaker is not closed'],
  ['waiting', 'Records of the wheel in memory'],
];

/** Every fact of an attempt, without body, secret or query. */
function line({
  job,
  webhook,
  startedAt,
  endedAt,
  result,
  nextAttemptAt,
  reason,
}: AttemptFacts): Record<string, unknown> {
  const { delivery } = job;
  return {
    delivery: delivery.delivery,
    event: delivery.event,
    account: delivery.account,
    webhook: delivery.webhook,
    trigger: delivery.trigger,
    attempt: delivery.attempt,
    host: webhook === undefined ? undefined : URL.parse(webhook.handler)?.host,
    status: result?.outcome === 'response' ? result.status : undefined,
    error: result === undefined ? undefined : describeFailure(result).error,
    remoteAddress: result?.remoteAddress,
    durationMs: endedAt - startedAt,
    sinceAcceptedMs: endedAt - delivery.acceptedAt,
    bytes: job.body.length,
    nextAttemptAt: nextAttemptAt === undefined ? undefined : new Date(nextAttemptAt).toISOString(),
    reason,
  };
}
