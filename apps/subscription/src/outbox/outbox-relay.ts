import { HEARTBEAT_KEY } from '@postduif/contracts';
import type { ConfigSnapshot } from '@postduif/contracts';
import { FlushingProducer, ProducerError } from '@postduif/kafka';
import type { KafkaClients } from '@postduif/kafka';
import type { Logger } from 'pino';
import { describeError } from '../database/store-error.js';
import { interruptiblePause, keepTrying } from '../keep-trying.js';
import type { Snapshot } from './outbox.js';
import { RelayConnection } from './relay-connection.js';
import type { RelayMetrics } from './relay-metrics.js';

export interface OutboxRelayOptions {
  /** PostgreSQL. */
  readonly url: string;
  readonly kafka: Pick<KafkaClients, 'producer'>;
  /** The topic `config`. */
  readonly topic: string;
  /** Makes sure that the topic is there; rejects when it cannot. */
  readonly ensureTopics: () => Promise<void>;
  /** The present state of everything, in parts. */
  readonly snapshots: () => AsyncIterable<readonly Snapshot[]>;
  readonly log: Logger;
  readonly metrics: RelayMetrics;
}

const BATCH = 500;
const HEARTBEAT_MS = 1_000;
/** How long an instance that does not lead waits before it asks again. */
const STANDBY_MS = 500;
const BROKER_PAUSE_MS = 500;
const DELIVERY_TIMEOUT_MS = 5_000;
const CLOSE_MS = 2_000;
/** A broker that does not even refuse a connection is not waited for. */
const STOP_MS = 5_000;
const NOT_YET = 'the configuration is not being published yet';

/**
 * Publishes the outbox to the topic `config`, in order, and a heartbeat each second. Of several instances one leads at a time; the
 * others wait for its place.
 *
 * Whoever begins to lead first publishes the outbox and then the present state of everything. So a topic that is new, or was lost
 * with its cluster, is complete a moment after the start, and what a former leader may have written late is overwritten. At least
 * once: after a crash entries come again, in the same order; readers may see a version twice.
 */
export class OutboxRelay {
  readonly #stopped = new AbortController();
  #running: Promise<boolean> | undefined;
  #connection: RelayConnection | undefined;
  #state: true | string = NOT_YET;
  #lastProgressAt = Date.now();
  #lastHeartbeatAt = 0;

  constructor(private readonly options: OutboxRelayOptions) {}

  start(): void {
    this.#running ??= keepTrying(() => this.#serve(), {
      failure: 'the configuration cannot be published now',
      log: this.options.log,
      signal: this.#stopped.signal,
      onFailure: (error) => {
        this.#lastProgressAt = Date.now();
        if (this.#state !== true) this.#state = `${NOT_YET}: ${describeError(error).message}`;
      },
    });
  }

  /** Ends after what is being published, within a few seconds. What waits then is published by the next leader. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    this.#connection?.interrupt();
    const late = new AbortController();
    await Promise.race([this.#running, interruptiblePause(STOP_MS, late.signal)]);
    late.abort();
  }

  /** True once it has published, or another instance has been found to; before, a sentence that says what is missing. */
  ready(): true | string {
    return this.#state;
  }

  /** A relay that waits for PostgreSQL, Kafka or its turn is alive. */
  isAlive(maxSilenceMs: number): boolean {
    return this.#running === undefined || Date.now() - this.#lastProgressAt <= maxSilenceMs;
  }

  async #serve(): Promise<void> {
    const connection = await RelayConnection.open(this.options.url);
    this.#connection = connection;
    try {
      if (await this.#untilLeading(connection)) await this.#lead(connection);
    } finally {
      this.#connection = undefined;
      await connection.close();
    }
  }

  async #untilLeading(connection: RelayConnection): Promise<boolean> {
    while (!this.#stopped.signal.aborted) {
      this.#lastProgressAt = Date.now();
      if (await connection.tryToLead()) return true;
      this.#state = true;
      await interruptiblePause(STANDBY_MS, this.#stopped.signal);
    }
    return false;
  }

  async #lead(connection: RelayConnection): Promise<void> {
    const { kafka, log, metrics } = this.options;
    const producer = new FlushingProducer({ kafka, log, deliveryTimeoutMs: DELIVERY_TIMEOUT_MS });
    // When the connection is lost somebody else may lead: nothing more may leave this process.
    const end = (): void => void producer.close(connection.lost.aborted ? 0 : CLOSE_MS);
    for (const signal of [connection.lost, this.#stopped.signal]) signal.addEventListener('abort', end);
    metrics.leads(true);
    try {
      await this.options.ensureTopics();
      while (await this.#publishWaiting(connection, producer));
      const count = await this.#publishEverything(producer);
      log.info({ snapshots: count }, 'this instance publishes the configuration');
      await this.#follow(connection, producer);
    } finally {
      metrics.leads(false);
      this.#stopped.signal.removeEventListener('abort', end);
      await producer.close(connection.lost.aborted ? 0 : CLOSE_MS);
    }
  }

  async #follow(connection: RelayConnection, producer: FlushingProducer): Promise<void> {
    while (!this.#stopped.signal.aborted) {
      if (await this.#publishWaiting(connection, producer)) continue;
      await connection.news(Math.max(0, this.#lastHeartbeatAt + HEARTBEAT_MS - Date.now()));
    }
  }

  /** True when more may wait. */
  async #publishWaiting(connection: RelayConnection, producer: FlushingProducer): Promise<boolean> {
    const entries = await connection.waiting(BATCH);
    const heartbeat = Date.now() >= this.#lastHeartbeatAt + HEARTBEAT_MS ? [heartbeatNow()] : [];
    const records = [...entries.map(({ key, snapshot }) => ({ key, value: snapshot })), ...heartbeat];
    await this.#write(producer, records);
    if (heartbeat.length > 0) this.#lastHeartbeatAt = Date.now();
    if (entries.length > 0) await connection.remove(entries);
    this.options.metrics.published(entries.length);
    return entries.length === BATCH;
  }

  /**
   * What is read here is at least as new as what was published before, and whatever changes meanwhile is in the outbox and is
   * published after it; so the last record of a key is always the newest.
   */
  async #publishEverything(producer: FlushingProducer): Promise<number> {
    let count = 0;
    for await (const snapshots of this.options.snapshots()) {
      await this.#write(
        producer,
        snapshots.map(({ key, value }) => ({ key, value: JSON.stringify(value) })),
      );
      count += snapshots.length;
    }
    return count;
  }

  /** Resolves when all records are durable, waiting for the broker as long as this relay leads. */
  async #write(
    producer: FlushingProducer,
    records: readonly { readonly key: string; readonly value: string | null }[],
  ): Promise<void> {
    for (;;) {
      const { topic } = this.options;
      const sent = await Promise.allSettled(records.map(({ key, value }) => producer.send({ topic, key, value })));
      this.#lastProgressAt = Date.now();
      const failed = sent.find((result) => result.status === 'rejected');
      if (failed === undefined) break;
      if (!isPassing(failed.reason) || this.#stopped.signal.aborted) throw failed.reason as Error;
      this.#state = this.#state === true ? true : `${NOT_YET}: Kafka does not answer`;
      await interruptiblePause(BROKER_PAUSE_MS, this.#stopped.signal);
    }
    if (records.length > 0) this.#state = true;
  }
}

function heartbeatNow(): { key: string; value: string } {
  const now = new Date();
  const snapshot: ConfigSnapshot = { kind: 'heartbeat', version: now.getTime(), at: now.toISOString() };
  return { key: HEARTBEAT_KEY, value: JSON.stringify(snapshot) };
}

/** Whether sending again can help. Anything else needs the topic, or the leadership, to be looked after first. */
function isPassing(error: unknown): boolean {
  return (
    error instanceof ProducerError && (error.code === 'broker_unavailable' || error.code === 'producer_buffer_full')
  );
}
