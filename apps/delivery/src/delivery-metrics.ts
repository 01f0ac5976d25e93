import type { Logger } from 'pino';
import { Counter, Gauge, Histogram } from 'prom-client';
import type { Registry } from 'prom-client';
import type { DeadReason, WebhookSnapshot } from '@postduif/contracts';
import { describeFailure } from '@postduif/outbound';
import type { OutboundErrorCode } from '@postduif/outbound';
import type { AttemptFacts, Observer } from './engine/ports.js';

const SECONDS = [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3_600, 86_400];
const LATENESS = [0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 1, 1.5, 2.5, 5, 10, 30, 60, 300];

type Outcome = AttemptFacts['outcome'];
/** Reasons to end a delivery that its owner knows of, and that hold for all of a webhook's at once. */
const OWN_DOING: ReadonlySet<unknown> = new Set<DeadReason>(['webhook_deleted', 'webhook_disabled']);

/** How long what comes by the thousand is gathered to one line. */
const GATHER_MS = 10_000;

interface Gathered {
  readonly facts: Readonly<Record<string, unknown>>;
  readonly message: string;
  deliveries: number;
}

type ByOutcome<T> = Readonly<Record<Outcome, T>>;

const TURNED_AWAY =
  'no connection was free for these deliveries, which wait on the wheel: `connection_wait_timeout`: the server keeps all it may have; `out_of_sockets`: raise the limit of open files (`ulimit -n`) of this process';

const MESSAGES = byOutcome((outcome) => `delivery ${outcome}`);

/** Counts attempts and writes one wide line for each, but for what ends as its owner wants it. No label grows with the number of webhooks. */
export class DeliveryMetrics implements Observer {
  readonly #attempts: ByOutcome<Counter.Internal>;
  readonly #dead: Counter<'reason'>;
  readonly #fenced: Counter;
  readonly #diversions: Counter;
  readonly #duration: ByOutcome<Histogram.Internal<'outcome'>>;
  readonly #endToEnd: ByOutcome<Histogram.Internal<'outcome'>>;
  readonly #lateness: Histogram;
  readonly #hosts = new WeakMap<WebhookSnapshot, string>();
  /** By what it is about: what has come since the last line. */
  readonly #gathered = new Map<string, Gathered>();

  constructor(
    registry: Registry,
    private readonly log: Pick<Logger, 'debug' | 'info' | 'warn'>,
  ) {
    const registers = [registry];
    const labelNames = ['outcome'] as const;
    const attempts = new Counter({
      name: 'postduif_attempts_total',
      help: 'Ended attempts by outcome: delivered, retrying or dead',
      labelNames,
      registers,
    });
    this.#attempts = byOutcome((outcome) => attempts.labels(outcome));
    this.#dead = new Counter({
      name: 'postduif_dead_total',
      help: 'Deliveries that are dead, by reason; records that are no deliveries are not among them',
      labelNames: ['reason'],
      registers,
    });
    this.#fenced = new Counter({
      name: 'postduif_fenced_attempts_total',
      help: 'Attempts that ended after their partition was taken away',
      registers,
    });
    this.#diversions = new Counter({
      name: 'postduif_diversions_total',
      help: 'Deliveries put on the wheel because their webhook had no room, or for want of a connection',
      registers,
    });
    const duration = new Histogram({
      name: 'postduif_request_seconds',
      help: 'Duration of requests by outcome',
      labelNames,
      buckets: SECONDS,
      registers,
    });
    this.#duration = byOutcome((outcome) => duration.labels(outcome));
    const endToEnd = new Histogram({
      name: 'postduif_end_to_end_seconds',
      help: "From the acceptance of an event to a receiver's answer, by outcome",
      labelNames,
      buckets: SECONDS,
      registers,
    });
    this.#endToEnd = byOutcome((outcome) => endToEnd.labels(outcome));
    this.#lateness = new Histogram({
      name: 'postduif_wheel_lateness_seconds',
      help: 'How long after it was due a delivery came off the wheel',
      buckets: LATENESS,
      registers,
    });
  }

  diverted(): void {
    this.#diversions.inc();
  }

  turnedAway(webhook: WebhookSnapshot, error: OutboundErrorCode): void {
    const host = this.#host(webhook);
    this.#gather(`${host}/${error}`, { host, error }, TURNED_AWAY);
  }

  breakerMoved(webhook: WebhookSnapshot, to: 'open' | 'closed', waitsUntil: number): void {
    const facts = { account: webhook.account, webhook: webhook.id, host: this.#host(webhook), breaker: to };
    if (to === 'open') this.log.warn(facts, 'the receiver fails; it gets one probe at a time until it answers');
    else if (waitsUntil <= Date.now()) this.log.info(facts, 'the receiver answers again');
    else
      this.log.info(
        { ...facts, waitsUntil: new Date(waitsUntil).toISOString() },
        'the receiver answers again; what waits for it comes back until `waitsUntil`: about as long as the receiver was down',
      );
  }

  crowded(webhook: WebhookSnapshot): void {
    const facts = { account: webhook.account, webhook: webhook.id, host: this.#host(webhook) };
    this.log.info(
      facts,
      'more comes for this webhook than gets done: what is too much waits on the wheel, others go on',
    );
  }

  returned(lateMs: number): void {
    this.#lateness.observe(Math.max(0, lateMs) / 1_000);
  }

  fenced(facts: Omit<AttemptFacts, 'outcome'>): void {
    this.#fenced.inc();
    this.log.warn(
      this.#line(facts),
      'attempt ended too late, when its partition was taken away or this process stopped; it is made again',
    );
  }

  ended(facts: AttemptFacts): void {
    const { job, startedAt, endedAt, result, outcome } = facts;
    this.#attempts[outcome].inc();
    if (result !== undefined) {
      this.#duration[outcome].observe((endedAt - startedAt) / 1_000);
      this.#endToEnd[outcome].observe(Math.max(0, endedAt - job.delivery.acceptedAt) / 1_000);
    }
    if (facts.reason !== undefined) this.#dead.inc({ reason: facts.reason });
    const isOwnDoing = OWN_DOING.has(facts.reason);
    if (isOwnDoing) {
      const { account, webhook } = job.delivery;
      const { reason } = facts;
      this.#gather(`${webhook}/${reason}`, { account, webhook, reason }, 'deliveries dead');
    }
    const level = outcome === 'delivered' ? 'info' : isOwnDoing ? 'debug' : 'warn';
    this.log[level](this.#line(facts), MESSAGES[outcome]);
  }

  /** Says what it would have said later. */
  stop(): void {
    for (const key of this.#gathered.keys()) this.#tell(key);
  }

  #gather(key: string, facts: Gathered['facts'], message: string): void {
    const gathered = this.#gathered.get(key) ?? { facts, message, deliveries: 0 };
    gathered.deliveries += 1;
    if (gathered.deliveries > 1) return;
    this.#gathered.set(key, gathered);
    setTimeout(() => {
      this.#tell(key);
    }, GATHER_MS).unref();
  }

  #tell(key: string): void {
    const gathered = this.#gathered.get(key);
    if (gathered === undefined) return;
    const { facts, message, deliveries } = gathered;
    this.log.warn({ ...facts, deliveries }, message);
    this.#gathered.delete(key);
  }

  /** Every fact of an attempt, without body, secret or query. */
  #line(facts: Omit<AttemptFacts, 'outcome'>): Record<string, unknown> {
    const { job, webhook, startedAt, endedAt, result, nextAttemptAt, reason } = facts;
    const { delivery } = job;
    return {
      delivery: delivery.delivery,
      event: delivery.event,
      account: delivery.account,
      webhook: delivery.webhook,
      trigger: delivery.trigger,
      attempt: delivery.attempt,
      host: webhook === undefined ? undefined : this.#host(webhook),
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

  #host(webhook: WebhookSnapshot): string {
    let host = this.#hosts.get(webhook);
    if (host === undefined) this.#hosts.set(webhook, (host = URL.parse(webhook.handler)?.host ?? ''));
    return host;
  }
}

function byOutcome<T>(of: (outcome: Outcome) => T): ByOutcome<T> {
  return { delivered: of('delivered'), retrying: of('retrying'), dead: of('dead') };
}

/** Values looked up when metrics are collected: one, or one for each value of a label. */
export interface Gauged {
  readonly name: string;
  readonly help: string;
  readonly label?: string;
  readonly read: () => number | ReadonlyMap<string, number>;
}

export function registerGauges(registry: Registry, gauges: readonly Gauged[]): void {
  for (const { name, help, label, read } of gauges) {
    new Gauge({
      name: `postduif_${name}`,
      help,
      labelNames: label === undefined ? [] : [label],
      registers: [registry],
      collect() {
        const value = read();
        this.reset();
        if (typeof value === 'number') this.set(value);
        else for (const [labelled, one] of value) this.set({ [label ?? '']: labelled }, one);
      },
    });
  }
}
