import { describe, expect, it } from '@jest/globals';
import { ProducerError } from '@postduif/kafka';
import type { OutgoingRecord, ProducerErrorCode } from '@postduif/kafka';
import { settled } from '../testing/given.js';
import { DurableWriter } from './durable-writer.js';

const RECORD: OutgoingRecord = { topic: 'deliveries', key: '1', value: 'body' };
const silent = { error: () => undefined };

/** A producer that answers when it is told to. */
class SlowProducer {
  readonly sent: PromiseWithResolvers<undefined>[] = [];
  buffered = { records: 0, bytes: 0 };

  send(): Promise<undefined> {
    const sending = Promise.withResolvers<undefined>();
    this.sent.push(sending);
    this.#count(1);
    const settle = (): void => {
      this.#count(-1);
    };
    sending.promise.then(settle, settle);
    return sending.promise;
  }

  refuse(code: ProducerErrorCode): void {
    this.sent.at(-1)?.reject(new ProducerError(code));
  }

  #count(change: number): void {
    this.buffered = { records: this.buffered.records + change, bytes: this.buffered.bytes + 100 * change };
  }
}

function given(limits: { maxRecords?: number; maxBytes?: number } = {}) {
  const producer = new SlowProducer();
  const writer = new DurableWriter({
    producer,
    log: silent,
    maxRecords: 2,
    maxBytes: 1_000,
    retryMs: 0,
    ...limits,
  });
  return { producer, writer };
}

describe('DurableWriter', () => {
  it('given a record, then it is written when the producer has confirmed it', async () => {
    const { producer, writer } = given();
    const writing = writer.write(RECORD);
    producer.sent[0]?.resolve(undefined);
    await expect(writing).resolves.toBe('written');
  });

  it.each(['record_refused', 'broker_unavailable', 'producer_buffer_full'] as const)(
    'given a refusal with %s, then it is tried again',
    async (code) => {
      const { producer, writer } = given();
      const writing = writer.write(RECORD);
      producer.refuse(code);
      while (producer.sent.length < 2) await settled();
      producer.sent[1]?.resolve(undefined);
      await expect(writing).resolves.toBe('written');
    },
  );

  it.each([
    ['record_too_large', 'too large'],
    ['producer_closed', 'given up'],
  ] as const)('given a refusal with %s, then it is %s', async (code, outcome) => {
    const { producer, writer } = given();
    const writing = writer.write(RECORD);
    producer.refuse(code);
    await expect(writing).resolves.toBe(outcome);
    expect(producer.sent).toHaveLength(1);
  });

  it.each([
    ['records', {}],
    ['bytes', { maxRecords: 100, maxBytes: 200 }],
  ])('given as many %s as it holds, then there is room when the first is written', async (_, limits) => {
    const { producer, writer } = given(limits);
    void writer.write(RECORD);
    expect(writer.hasRoom()).toBe(true);
    void writer.write(RECORD);
    expect(writer.hasRoom()).toBe(false);
    let waited = false;
    const room = writer.room().then(() => (waited = true));
    await settled();
    expect(waited).toBe(false);
    producer.sent[0]?.resolve(undefined);
    await room;
    expect(writer.hasRoom()).toBe(true);
  });
});
