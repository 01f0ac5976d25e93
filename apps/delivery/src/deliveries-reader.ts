import { decodeDeliveryHeaders } from '@postduif/contracts';
import type { ConsumedRecord, RecordConsumer } from '@postduif/kafka';
import type { DeliveryEngine } from './engine/delivery-engine.js';
import type { KafkaExits } from './exits/kafka-exits.js';

export interface DeliveriesReaderOptions {
  readonly engine: Pick<DeliveryEngine, 'accept'>;
  readonly exits: Pick<KafkaExits, 'malformed'>;
  readonly reading: Pick<RecordConsumer, 'pause' | 'resume'>;
  readonly failed: (error: unknown) => void;
}

/** Hands what is read from `deliveries` to the engine. A record that is no delivery is a dead letter. */
export class DeliveriesReader {
  /** Who wants nothing more of a partition to be read, for as long as it is here. */
  readonly #holds = new Map<number, Set<object>>();

  constructor(private readonly options: DeliveriesReaderOptions) {}

  read(record: ConsumedRecord): void {
    const { engine, exits, failed } = this.options;
    const { key, headers, exactHeaders } = record;
    const delivery = decodeDeliveryHeaders(headers);
    const body = record.value ?? Buffer.alloc(0);
    const done = (): void => {
      record.done();
    };
    if (delivery === undefined) exits.malformed({ key, value: body, headers: exactHeaders }).then(done, failed);
    else
      engine.accept({
        ...{ delivery, body, key, done },
        isCurrent: () => record.isCurrent(),
        holdPartition: () => this.#hold(record),
      });
  }

  /** A partition that is taken away is not held any more, also when it comes back. */
  revoked(partitions: readonly { readonly partition: number }[]): void {
    for (const { partition } of partitions) this.#holds.delete(partition);
  }

  #hold({ topic, partition }: ConsumedRecord): () => void {
    const holds = this.#holds.get(partition) ?? new Set();
    this.#holds.set(partition, holds);
    const hold = {};
    holds.add(hold);
    if (holds.size === 1) this.options.reading.pause({ topic, partition });
    return () => {
      holds.delete(hold);
      if (holds.size > 0 || this.#holds.get(partition) !== holds) return;
      this.#holds.delete(partition);
      this.options.reading.resume({ topic, partition });
    };
  }
}
