import { ApiError } from '@postduif/contracts';
import type { Event } from '@postduif/contracts';
import { ProducerError } from '@postduif/kafka';
import type { FlushingProducer, ProducerErrorCode } from '@postduif/kafka';
import { eventRecord } from '../event-record.js';
import type { ParsedEvent } from '../parsing/parsed-event.js';
import type { Outcome } from '../parsing/request-events.js';

/** Puts events on the topic `events` and says of each whether Kafka has it. */
export class EventSink {
  constructor(
    private readonly producer: Pick<FlushingProducer, 'send' | 'available'>,
    private readonly topic: string,
  ) {}

  /** Throws `broker_unavailable` at once while Kafka is known to be away. The producer itself finds out when it is back. */
  requireBroker(): void {
    if (!this.producer.available()) throw unavailable();
  }

  /** Sends at once, so in the order of calls; settles when the event is durable or refused. Never rejects for Kafka's sake. */
  async store(parsed: ParsedEvent, acceptedAt: number, traceparent: string | undefined): Promise<Outcome<Event>> {
    try {
      await this.producer.send(eventRecord(this.topic, parsed, acceptedAt, traceparent));
      return { ok: parsed.event };
    } catch (error) {
      if (error instanceof ProducerError) return { refusal: REFUSALS[error.code](error) };
      throw error;
    }
  }
}

const unavailable = (cause?: unknown): ApiError =>
  new ApiError('broker_unavailable', undefined, { retryAfterSeconds: 1, cause });

/** `record_refused` is about the topic, not about the event: an operator has to help, and the sender should try again. */
const REFUSALS: Readonly<Record<ProducerErrorCode, (cause: ProducerError) => ApiError>> = {
  producer_buffer_full: (cause) => new ApiError('overloaded', undefined, { retryAfterSeconds: 1, cause }),
  record_too_large: (cause) => new ApiError('payload_too_large', undefined, { cause }),
  record_refused: unavailable,
  broker_unavailable: unavailable,
  producer_closed: unavailable,
};
