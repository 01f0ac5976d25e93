import { describe, expect, it } from '@jest/globals';
import { ProducerError } from '@postduif/kafka';
import type { OutgoingRecord } from '@postduif/kafka';
import { PersistentProducer } from './persistent-producer.js';

const record: OutgoingRecord = { topic: 't', value: 'v' };

/** A producer that refuses as often as told, and what was said about it. */
function refusing(refusals: readonly ProducerError[]) {
  const said: string[] = [];
  const note = (level: string) => (_fields: object, message: string) => said.push(`${level}: ${message}`);
  let asked = 0;
  const send = () => {
    const refusal = refusals[asked++];
    return refusal === undefined ? Promise.resolve() : Promise.reject(refusal);
  };
  const log = {
    trace: note('trace'),
    debug: note('debug'),
    info: note('info'),
    warn: note('warn'),
    error: note('error'),
  };
  return { producer: new PersistentProducer({ send }, log, 1), said, asked: () => asked };
}

describe('PersistentProducer', () => {
  it('given refusals, then it sends the record again until it is taken and says so twice', async () => {
    const refused = new ProducerError('record_refused');
    const { producer, said, asked } = refusing([refused, refused, refused]);

    await producer.send(record);

    expect(asked()).toBe(4);
    expect(said).toEqual([
      'error: Kafka refuses records; trying again until it takes them',
      'info: Kafka takes the refused records now',
    ]);
  });

  it('when the producer is closed, then it gives up', async () => {
    const { producer } = refusing([new ProducerError('record_refused'), new ProducerError('producer_closed')]);

    await expect(producer.send(record)).rejects.toMatchObject({ code: 'producer_closed' });
  });
});
