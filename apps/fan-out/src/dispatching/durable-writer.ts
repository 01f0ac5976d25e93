import { setTimeout as pause } from 'node:timers/promises';
import { ProducerError } from '@postduif/kafka';
import type { FlushingProducer, Log, OutgoingRecord } from '@postduif/kafka';

/** `given up` is only when the service stops: nothing that hangs on it may be acknowledged. */
export type Written = 'written' | 'too large' | 'given up';

export interface DurableWriterOptions {
  /** Waits for the broker without end, and takes everything: what waits is bounded here. */
  readonly producer: Pick<FlushingProducer, 'send' | 'buffered'>;
  readonly log: Pick<Log, 'error'>;
  /** Records that wait to be durable, at which there is no room. */
  readonly maxRecords: number;
  /** Bytes of them, at which there is no room. A body counts for each webhook. */
  readonly maxBytes: number;
  /** Milliseconds between tries of a record that Kafka refused. */
  readonly retryMs: number;
}

/** Writes records for as long as it takes, and says when to wait with more. */
export class DurableWriter {
  readonly #whenRoom: (() => void)[] = [];

  constructor(private readonly options: DurableWriterOptions) {}

  hasRoom(): boolean {
    const { producer, maxRecords, maxBytes } = this.options;
    return producer.buffered.records < maxRecords && producer.buffered.bytes < maxBytes;
  }

  /** Resolves when there is room again. */
  async room(): Promise<void> {
    while (!this.hasRoom()) {
      await new Promise<void>((resolve) => {
        this.#whenRoom.push(resolve);
      });
    }
  }

  /** Resolves when the record is durable or can never be. Takes it also when there is no room. */
  async write(record: OutgoingRecord): Promise<Written> {
    for (;;) {
      try {
        await this.options.producer.send(record);
        return 'written';
      } catch (error) {
        if (!(error instanceof ProducerError)) throw error;
        if (error.code === 'record_too_large') return 'too large';
        if (error.code === 'producer_closed') return 'given up';
        this.options.log.error({ err: error, to: record.topic }, 'Kafka does not take a record; trying again');
        await pause(this.options.retryMs);
      } finally {
        this.#wake();
      }
    }
  }

  #wake(): void {
    if (this.#whenRoom.length > 0 && this.hasRoom()) for (const resolve of this.#whenRoom.splice(0)) resolve();
  }
}
