import { setTimeout as pause } from 'node:timers/promises';
import { decodeIdentities, eachIdentity, IDENTITY_BYTES } from '@postduif/contracts';
import type { IdentitySegment } from '@postduif/contracts';
import { CompactedTopicReader } from '@postduif/kafka';
import type { KafkaClients, Log } from '@postduif/kafka';
import { REPEAT_WINDOW_MS } from './repeat-window.js';

/** Of a partition; longer than the window, as reading may go on a little before its end. */
const KEPT_MS = REPEAT_WINDOW_MS + 60_000;
const PATIENCE_MS = 10_000;

interface Kept extends IdentitySegment {
  /** Of its last event, Unix milliseconds. */
  readonly time: number;
}

/** The topic `events.identities` in memory, of all partitions, as each may be given to this process. */
export class SegmentReader {
  readonly #segments = new Map<number, Kept[]>();
  readonly #reader: CompactedTopicReader;
  #started: Promise<void> | undefined;
  #bytes = 0;

  constructor(
    kafka: KafkaClients,
    private readonly topic: string,
    private readonly log: Log,
  ) {
    this.#reader = new CompactedTopicReader({
      kafka,
      topic,
      onEntry: (key, value) => {
        this.#keep(Number(key), value);
      },
      log,
    });
  }

  get bytes(): number {
    return this.#bytes;
  }

  start(): void {
    this.#started = this.#reader.start();
  }

  async stop(): Promise<void> {
    if (this.#started !== undefined) await this.#reader.stop();
  }

  /** Resolves when everything has been read that was there at the start, or when that takes longer than reading the events again. */
  async loaded(): Promise<void> {
    if (this.#reader.ready()) return;
    await Promise.race([this.#started, pause(PATIENCE_MS, undefined, { ref: false })]);
    if (this.#reader.ready()) return;
    this.log.warn(
      { topic: this.topic },
      'cannot read what is known of the last events; reading their last ten minutes again',
    );
  }

  /** What there is of a partition, by where it begins. */
  of(partition: number): readonly IdentitySegment[] {
    return (this.#segments.get(partition) ?? []).toSorted((one, other) => one.from - other.from);
  }

  #keep(partition: number, value: Buffer | null): void {
    const segment = value === null ? undefined : decodeIdentities(value);
    if (segment === undefined) return;
    let kept = this.#segments.get(partition);
    if (kept === undefined) this.#segments.set(partition, (kept = []));
    // One of records that are no events has no time of its own.
    let time = kept.at(-1)?.time ?? 0;
    eachIdentity(segment.entries.subarray(-IDENTITY_BYTES), (_digest, _offset, timestamp) => {
      time = timestamp;
    });
    kept.push({ ...segment, time });
    this.#bytes += segment.entries.length;
    while ((kept[0]?.time ?? Infinity) < time - KEPT_MS) this.#bytes -= kept.shift()?.entries.length ?? 0;
  }
}
