import { encodeIdentities } from '@postduif/contracts';
import type { PartitionState } from '@postduif/kafka';
import type { DurableWriter } from '../dispatching/durable-writer.js';
import type { RepeatWindows } from './repeat-windows.js';

/** The events of about as long are read again after a restart. */
const INTERVAL_MS = 5_000;

export interface SegmentWriterOptions {
  readonly windows: Pick<RepeatWindows, 'cut'>;
  /** Those that this process reads. */
  readonly partitions: () => readonly Pick<PartitionState, 'partition' | 'position' | 'watermark'>[];
  readonly writer: Pick<DurableWriter, 'write'>;
  /** `events.identities`, by its full name. */
  readonly topic: string;
}

/** Writes what this process remembers of events to the topic `events.identities`, every five seconds. */
export class SegmentWriter {
  #timer: NodeJS.Timeout | undefined;

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
    const { windows, partitions, writer, topic } = this.options;
    for (const { partition, position = 0, watermark = 0 } of partitions()) {
      const segment = windows.cut(partition, Math.min(position, watermark));
      if (segment !== undefined)
        void writer.write({ topic, key: String(partition), value: encodeIdentities(segment), partition: 0 });
    }
  }
}
