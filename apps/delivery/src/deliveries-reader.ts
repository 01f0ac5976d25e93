import { decodeDeliveryHeaders } from '@postduif/contracts';
import type { ConsumedRecord } from '@postduif/kafka';
import type { DeliveryEngine } from './engine/delivery-engine.js';
import type { KafkaExits } from './exits/kafka-exits.js';

/** Hands what is read from `deliveries` to the engine. A record that is no delivery is a dead letter. */
export function deliveriesReader(
  engine: Pick<DeliveryEngine, 'accept'>,
  exits: Pick<KafkaExits, 'malformed'>,
  failed: (error: unknown) => void,
) {
  return (record: ConsumedRecord): void => {
    const { key, headers, exactHeaders } = record;
    const delivery = decodeDeliveryHeaders(headers);
    const body = record.value ?? Buffer.alloc(0);
    const done = (): void => {
      record.done();
    };
    if (delivery === undefined) exits.malformed({ key, value: body, headers: exactHeaders }).then(done, failed);
    else engine.accept({ delivery, body, key, done, isCurrent: () => record.isCurrent() });
  };
}
