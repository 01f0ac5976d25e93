import { setTimeout as pause } from 'node:timers/promises';
import { ApiError } from '@postduif/contracts';
import { ProducerError, RecordConsumer } from '@postduif/kafka';
import type { FlushingProducer, KafkaClients, OutgoingRecord, TopicPartition } from '@postduif/kafka';
import type { Logger } from 'pino';
import type { KnownAccounts } from '../accounts/known-accounts.js';
import { eventRecord } from '../event-record.js';
import type { IngestMetrics } from '../ingest-metrics.js';
import type { ParsedEvent } from '../parsing/parsed-event.js';
import { readRecord } from '../parsing/record-event.js';
import { outcomeOf } from '../parsing/request-events.js';
import { Turn } from '../turn.js';
import type { EventTypes } from '../types/event-types.js';
import { rejectedRecord, rejectedWithoutContent } from './rejected-record.js';
import type { IngestRecord } from './rejected-record.js';

export interface IngestReaderOptions {
  readonly kafka: KafkaClients;
  readonly groupId: string;
  /** Full names. */
  readonly topics: { readonly ingest: string; readonly ingestRejected: string; readonly events: string };
  readonly accounts: Pick<KnownAccounts, 'has' | 'whenKnown'>;
  readonly types: Pick<EventTypes, 'refusalOf'>;
  /** Waits for the broker without end: a record is not given up. */
  readonly producer: Pick<FlushingProducer, 'send'>;
  readonly metrics: IngestMetrics;
  readonly log: Logger;
}

/** What is read of one partition and not on `events` yet; bounds the memory while Kafka takes no records. */
const HIGH_WATER = { records: 2_000, bytes: 4 * 1024 * 1024 };
const MOST_SILENCE_MS = 60_000;
/** How long a new account may take from the topic `config` to here. */
const ACCOUNT_MS = 1_000;
const REFUSED_PAUSE_MS = 1_000;
/** Well above what a fetch takes whose events have no schema: what is not taken in a turn is fetched again. */
const TURN_MS = 500;

/** Reads the topic `ingest`: each record becomes an event or is rejected with the reason, and only then is it done. */
export class IngestReader {
  readonly #consumer: RecordConsumer;
  readonly #turn = new Turn(TURN_MS);
  #started = false;
  #assigned = false;

  constructor(private readonly options: IngestReaderOptions) {
    this.#consumer = new RecordConsumer({
      kafka: options.kafka,
      groupId: options.groupId,
      topics: [options.topics.ingest],
      highWater: HIGH_WATER,
      isWanted: (record) => this.isWanted(record),
      onRecord: (record) => {
        this.take(record);
      },
      log: options.log,
    });
  }

  /** Resolves when the group has given out its partitions. */
  async start(): Promise<void> {
    this.#started = true;
    await this.#consumer.start();
    this.#assigned = true;
  }

  /** Finishes what was read, within `drainMs`; the rest comes again. */
  async stop(drainMs: number): Promise<void> {
    if (this.#started) await this.#consumer.stop({ drainMs });
  }

  ready(): boolean {
    return this.#assigned;
  }

  isAlive(): boolean {
    return !this.#started || this.#consumer.isAlive(MOST_SILENCE_MS);
  }

  /** Checking events may take long: then the next record is read again in another turn. */
  isWanted(partition: TopicPartition): boolean {
    if (!this.#turn.isOver()) return true;
    setImmediate(() => {
      this.#consumer.resume(partition);
    });
    return false;
  }

  /** Takes a record. What is known to be right is sent at once, so that records of an account keep their order. */
  take(record: IngestRecord): void {
    const outcome = outcomeOf(() => readRecord(record));
    if ('refusal' in outcome) void this.#reject(record, outcome.refusal);
    else if (this.options.accounts.has(outcome.ok.event.account)) void this.#accept(record, outcome.ok);
    else void this.#awaitAccount(record, outcome.ok);
  }

  async #awaitAccount(record: IngestRecord, parsed: ParsedEvent): Promise<void> {
    const known = await this.options.accounts.whenKnown(parsed.event.account, ACCOUNT_MS);
    if (!record.isCurrent()) return;
    if (known) await this.#accept(record, parsed);
    else await this.#reject(record, new ApiError('account_unknown'));
  }

  async #accept(record: IngestRecord, parsed: ParsedEvent): Promise<void> {
    const { topics, metrics, types } = this.options;
    const refusal = types.refusalOf(parsed);
    if (refusal !== undefined) {
      await this.#reject(record, refusal);
      return;
    }
    const outgoing = eventRecord(topics.events, parsed, Date.now(), record.headers.traceparent);
    switch (await this.#write(record, outgoing)) {
      case 'written':
        metrics.accepted('topic', parsed.json.length);
        record.done();
        this.#sayAccepted(record, parsed);
        break;
      case 'too large':
        await this.#reject(record, new ApiError('payload_too_large'));
        break;
      case 'given up':
    }
  }

  async #reject(record: IngestRecord, refusal: ApiError): Promise<void> {
    const { topics, metrics, log } = this.options;
    let written = await this.#write(record, rejectedRecord(topics.ingestRejected, record, refusal));
    if (written === 'too large')
      written = await this.#write(record, rejectedWithoutContent(topics.ingestRejected, record, refusal));
    if (written !== 'written') return;
    const { topic, partition, offset } = record;
    metrics.refused('topic', refusal.code);
    const bytes = record.value?.length ?? 0;
    // The sentence may name fields of the event; it is beside the record on the topic.
    log.warn({ topic, partition, offset, bytes, code: refusal.code }, 'record rejected');
    record.done();
  }

  #sayAccepted({ topic, partition, offset, timestamp }: IngestRecord, { event, json }: ParsedEvent): void {
    const { id, account, type } = event;
    const waitedMs = Math.max(0, Date.now() - timestamp);
    this.options.log.info(
      { topic, partition, offset, event: id, account, type, bytes: json.length, waitedMs },
      'event accepted',
    );
  }

  /** Goes on until the record is durable, can never be, or belongs to somebody else. */
  async #write(record: IngestRecord, outgoing: OutgoingRecord): Promise<'written' | 'too large' | 'given up'> {
    for (;;) {
      try {
        await this.options.producer.send(outgoing);
        return 'written';
      } catch (error) {
        if (!(error instanceof ProducerError)) throw error;
        if (error.code === 'record_too_large') return 'too large';
        if (error.code === 'producer_closed' || !record.isCurrent()) return 'given up';
        const { topic, partition, offset } = record;
        this.options.log.error(
          { topic, partition, offset, to: outgoing.topic, code: error.code },
          'Kafka does not take what follows from a record; trying again',
        );
        await pause(REFUSED_PAUSE_MS);
      }
    }
  }
}
