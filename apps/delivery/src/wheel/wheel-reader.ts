import { decodeDeliveryHeaders, WHEEL_TIERS } from '@postduif/contracts';
import type { TopicNames } from '@postduif/contracts';
import { tierFor } from '@postduif/retry-schedule';
import type { ConsumedRecord } from '@postduif/kafka';
import type { Clock } from '../engine/ports.js';
import type { DurableProducer, KafkaExits } from '../exits/kafka-exits.js';
import { Wheel } from './wheel.js';
import type { Waiting } from './wheel.js';

interface WaitingRecord extends Waiting {
  readonly record: ConsumedRecord;
}

/** Connects the wheel with its topics: what is read waits, what is released goes back to `deliveries` or down a tier. */
export class WheelReader {
  readonly #wheel: Wheel<WaitingRecord>;

  constructor(
    private readonly producer: DurableProducer,
    private readonly exits: KafkaExits,
    private readonly topics: TopicNames,
    clock: Clock,
    private readonly failed: (error: unknown) => void,
  ) {
    const delays = new Map(WHEEL_TIERS.map((tier) => [topics.retry[tier.name], tier.delayMs]));
    this.#wheel = new Wheel({
      clock,
      delayOf: (topic) => delays.get(topic) ?? 0,
      forward: (waiting, now) => this.#forward(waiting, now),
      failed,
    });
  }

  get waiting(): number {
    return this.#wheel.waiting;
  }

  read(record: ConsumedRecord): void {
    const delivery = decodeDeliveryHeaders(record.headers);
    if (delivery === undefined) {
      const { key, value, headers } = record;
      this.exits
        .bury(
          { key, value: value ?? Buffer.alloc(0), headers },
          'delivery_malformed',
          'The record lacks the headers of a delivery.',
        )
        .then(() => {
          record.done();
        }, this.failed);
      return;
    }
    this.#wheel.add({
      topic: record.topic,
      partition: record.partition,
      enteredAt: record.timestamp,
      dueAt: delivery.dueAt ?? record.timestamp,
      record,
      done: () => {
        record.done();
      },
    });
  }

  revoked(partitions: readonly { topic: string; partition: number }[]): void {
    for (const { topic, partition } of partitions) this.#wheel.drop(topic, partition);
  }

  #forward({ record, dueAt }: WaitingRecord, now: number): Promise<void> {
    const topic = dueAt <= now ? this.topics.deliveries : this.topics.retry[tierFor(dueAt - now).name];
    return this.producer.send({
      topic,
      key: record.key,
      value: record.value ?? Buffer.alloc(0),
      headers: record.headers,
    });
  }
}
