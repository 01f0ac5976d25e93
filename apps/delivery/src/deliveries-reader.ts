import { decodeDeliveryHeaders } from '@postduif/contracts';
import type { ConsumedRecord } from '@postduif/kafka';
import type { DeliveryEngine } from './engine/delivery-engine.js';
import type { KafkaExits } from './exits/kafka-exits.js';

/** Hands what is read from `deliveries` to the engine. A record that is no delivery is a dead letter. */
export function deliveriesReader(
  engine: Pick<DeliveryEngine, 'accept'>,
  exits: KafkaExits,
  failed: (error: unknown) => void,
) {
  return (record: ConsumedRecord): void => {
    const delivery = decodeDeliveryHeaders(record.headers);
    const body = record.value ?? Buffer.alloc(0);
    if (delivery === undefined) {
      const detail = 'The record lacks the headers of a delivery.';
      exits.bury({ key: record.key, value: body, headers: record.headers }, 'delivery_malformed', detail).then(() => {
        record.done();
      }, failed);
      return;
    }
    engine.accept({
      delivery,
      body,
      key: record.key,
      returning: delivery.dueAt !== undefined,
      done: () => {
        record.done();
      },
    });
  };
}
