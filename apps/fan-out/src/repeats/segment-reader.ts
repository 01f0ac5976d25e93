import { setTimeout as pause } from 'node:timers/promises';
import type { IdentitySegment } from '@postduif/contracts';
import { CompactedTopicReader } from '@postduif/kafka';
import type { KafkaClients, Log } from '@postduif/kafka';
import { Segments } from './segments.js';

const PATIENCE_MS = 10_000;

/** The topic `events.identities`, in memory. */
export class SegmentReader {
  readonly #segments = new Segments();
  readonly #reader: CompactedTopicReader;
  #stopping = false;

  constructor(
    kafka: KafkaClients,
    private readonly topic: string,
    private readonly log: Log,
  ) {
    this.#reader = new CompactedTopicReader({
      kafka,
      topic,
      onEntry: (key, value) => {
        this.#segments.keep(Number(key), value);
      },
      log,
    });
  }

  get bytes(): number {
    return this.#segments.bytes;
  }

  /** Resolves when everything has been read that was there at the start, or when that takes longer than reading the events again. */
  async start(): Promise<void> {
    await Promise.race([this.#reader.start(), pause(PATIENCE_MS, undefined, { ref: false })]);
    if (this.#reader.ready() || this.#stopping) return;
    const { topic } = this;
    this.log.warn({ topic }, 'cannot read what is known of the last events; reading their last ten minutes again');
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#reader.stop();
  }

  /** See `Segments.of`. */
  of(partition: number): readonly IdentitySegment[] {
    return this.#segments.of(partition);
  }
}
