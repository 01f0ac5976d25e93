import { DEAD_REASONS, encodeDeliveryHeaders } from '@postduif/contracts';
import type { Attempt, DeadHeaders, DeadReason, DeliveryHeaders, TopicNames } from '@postduif/contracts';
import type { OutgoingHeaders, OutgoingRecord } from '@postduif/kafka';
import { describeFailure } from '@postduif/outbound';
import { tierFor } from '@postduif/retry-schedule';
import type { AttemptFacts, Clock, Exits, Job } from '../engine/ports.js';

/** Keeps trying until the record is durable. */
export interface DurableProducer {
  send(record: OutgoingRecord): Promise<void>;
}

interface Letter {
  readonly key: Buffer | null;
  readonly value: Buffer;
  readonly headers: OutgoingHeaders;
}

const MAX_ATTEMPT_BYTES = 16 * 1024 * 1024;

/** Where deliveries go when they leave the engine: the wheel's topics, the dead letters, the attempts. */
export class KafkaExits implements Exits {
  /** Of attempts that wait for Kafka. */
  #attemptBytes = 0;

  constructor(
    private readonly producer: DurableProducer,
    private readonly topics: TopicNames,
    private readonly clock: Clock,
  ) {}

  wait(job: Pick<Job, 'key' | 'body'>, delivery: DeliveryHeaders, dueAt: number): Promise<void> {
    const now = this.clock.now();
    return this.producer.send({
      topic: this.topics.retry[tierFor(dueAt - now).name],
      key: job.key,
      value: job.body,
      headers: encodeDeliveryHeaders({ ...delivery, dueAt }),
      // Its wait begins now, also when Kafka takes it later.
      timestamp: now,
    });
  }

  dead(job: Pick<Job, 'key' | 'body' | 'delivery'>, reason: DeadReason, detail: string): Promise<void> {
    return this.#bury({ key: job.key, value: job.body, headers: encodeDeliveryHeaders(job.delivery) }, reason, detail);
  }

  /** Dead letter of a record that is no delivery. */
  malformed(record: Letter): Promise<void> {
    return this.#bury(record, 'delivery_malformed', DEAD_REASONS.delivery_malformed);
  }

  /** While much waits for Kafka, which receivers decide by the length of their answers, what they answer is left out. */
  async attempt(facts: AttemptFacts): Promise<void> {
    const attempt = attemptRecord(facts);
    if (this.#attemptBytes > MAX_ATTEMPT_BYTES) attempt.responseHeaders = attempt.responseBody = undefined;
    const value = Buffer.from(JSON.stringify(attempt));
    this.#attemptBytes += value.length;
    try {
      await this.producer.send({ topic: this.topics.attempts, key: facts.job.delivery.webhook, value });
    } finally {
      this.#attemptBytes -= value.length;
    }
  }

  /** As it came, headers included, with the reason beside them. */
  #bury(record: Letter, reason: DeadReason, detail: string): Promise<void> {
    const why: DeadHeaders = { reason, 'reason-detail': detail, 'dead-at': String(this.clock.now()) };
    return this.producer.send({ ...record, topic: this.topics.dead, headers: { ...record.headers, ...why } });
  }
}

/** The record on `attempts`. */
export function attemptRecord({
  job,
  webhook,
  startedAt,
  endedAt,
  result,
  outcome,
  nextAttemptAt,
  reason,
}: AttemptFacts): Attempt {
  const { delivery } = job;
  return {
    delivery: delivery.delivery,
    account: delivery.account,
    webhook: delivery.webhook,
    event: delivery.event,
    trigger: delivery.trigger,
    attempt: delivery.attempt,
    at: new Date(startedAt).toISOString(),
    outcome,
    requested: result !== undefined,
    handler: webhook?.handler,
    remoteAddress: result?.remoteAddress,
    ...(result?.outcome === 'response'
      ? { status: result.status, responseHeaders: result.headers, responseBody: result.body.toString('utf8') }
      : {}),
    ...(result === undefined ? { error: reason } : describeFailure(result)),
    durationMs: endedAt - startedAt,
    sinceAcceptedMs: Math.max(0, endedAt - delivery.acceptedAt),
    requestBytes: result === undefined ? 0 : job.body.length,
    ...(nextAttemptAt === undefined ? {} : { nextAttemptAt: new Date(nextAttemptAt).toISOString() }),
    reason,
  };
}
