import { encodeIdentities } from '@postduif/contracts';
import type { IdentitySegment } from '@postduif/contracts';
import type { FlushingProducer, Log, PartitionState } from '@postduif/kafka';
import type { RepeatWindows } from './repeat-windows.js';

/** The events of about as long are read again after a restart. */
const INTERVAL_MS = 5_000;

export interface SegmentWriterOptions {
  readonly windows: Pick<RepeatWindows, 'cut'>;
  /** Those that this process reads. */
  readonly partitions: () => readonly Pick<PartitionState, 'partition' | 'position' | 'watermark'>[];
  /** Of its own: where Kafka refuses a record of a request, kafkajs writes the others again. */
  readonly producer: Pick<FlushingProducer, 'send'>;
  /** `events.identities`, by its full name. */
  readonly topic: string;
  readonly log: Pick<Log, 'warn'>;
}

/** Writes what this process remembers of events to the topic `events.identities`, every five seconds. */
export class SegmentWriter {
  #timer: NodeJS.Timeout | undefined;
  #failing = false;

  constructor(private readonly options: SegmentWriterOptions) {}

  start(): void {
    this.#timer = setInterval(() => {
      this.write();
    }, INTERVAL_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** What is not acknowledged may not have been looked at, and what is replayed counts as acknowledged before it was read. */
  write(): void {
    for (const { partition, position = 0, watermark = 0 } of this.options.partitions()) {
      const segment = this.options.windows.cut(partition, Math.min(position, watermark));
      if (segment !== undefined) void this.#send(partition, segment);
    }
  }

  /** One that Kafka does not take leaves a gap. */
  async #send(partition: number, segment: IdentitySegment): Promise<void> {
    const { producer, topic, log } = this.options;
    try {
      await producer.send({ topic, key: String(partition), value: encodeIdentities(segment), partition: 0 });
      this.#failing = false;
    } catch (error) {
      if (!this.#failing)
        log.warn(
          { err: error, topic },
          'cannot write down what is known of the last events; after a restart their last ten minutes are read again. A topic that is missing is made by the next start of a fan-out',
        );
      this.#failing = true;
    }
  }
}
