import { setTimeout as pause } from 'node:timers/promises';
import { ProducerError } from '@postduif/kafka';
import type { FlushingProducer, Log, OutgoingRecord } from '@postduif/kafka';
import type { DurableProducer } from './kafka-exits.js';

const PAUSE_MS = 1_000;

/**
 * Does not take no for an answer: a topic that is missing, or closed to us, is an operator's to mend, and until then its records wait.
 * Nothing is acknowledged meanwhile, so in the end nothing more is read. Rejects only when the producer is closed.
 */
export class PersistentProducer implements DurableProducer {
  /** Records that were refused and wait. */
  #refused = 0;

  constructor(
    private readonly producer: Pick<FlushingProducer, 'send'>,
    private readonly log: Log,
    private readonly pauseMs = PAUSE_MS,
  ) {}

  send(record: OutgoingRecord): Promise<void> {
    return this.producer.send(record).catch((error: unknown) => this.#insist(record, error));
  }

  async #insist(record: OutgoingRecord, refusal: unknown): Promise<void> {
    if (isClosed(refusal)) throw refusal;
    if (this.#refused === 0)
      this.log.error({ err: refusal, topic: record.topic }, 'Kafka refuses records; trying again until it takes them');
    this.#refused += 1;
    try {
      while (!(await this.#taken(record))) continue;
    } finally {
      this.#refused -= 1;
    }
    if (this.#refused === 0) this.log.info({ topic: record.topic }, 'Kafka takes the refused records now');
  }

  async #taken(record: OutgoingRecord): Promise<boolean> {
    await pause(this.pauseMs, undefined, { ref: false });
    try {
      await this.producer.send(record);
      return true;
    } catch (error) {
      if (isClosed(error)) throw error;
      return false;
    }
  }
}

function isClosed(error: unknown): boolean {
  return error instanceof ProducerError && error.code === 'producer_closed';
}
