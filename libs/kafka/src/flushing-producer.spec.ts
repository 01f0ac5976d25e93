import { describe, expect, it } from '@jest/globals';
import kafkajs from 'kafkajs';
import type { Message, Producer, ProducerBatch, RecordMetadata } from 'kafkajs';
import { FlushingProducer } from './flushing-producer.js';
import type { FlushingProducerOptions } from './flushing-producer.js';
import { silentLog } from './testing/silent-log.js';

type Answer = (values: readonly string[], topics: readonly string[]) => Promise<RecordMetadata[]>;

/** A client whose requests the test answers. */
function producerOf(answer: Answer, options: Partial<FlushingProducerOptions> = {}) {
  const requests: string[][] = [];
  let clients = 0;
  const client = (): Pick<Producer, 'connect' | 'disconnect' | 'sendBatch'> => ({
    connect: () => Promise.resolve(),
    disconnect: () => Promise.resolve(),
    sendBatch: ({ topicMessages = [] }: ProducerBatch) => {
      const values = topicMessages.flatMap(({ messages }) => messages.map(({ value }: Message) => String(value)));
      requests.push(values);
      return answer(
        values,
        topicMessages.map(({ topic }) => topic),
      );
    },
  });
  const producer = new FlushingProducer({
    kafka: {
      producer: () => {
        clients += 1;
        return client() as Producer;
      },
    },
    log: silentLog,
    ...options,
  });
  return { producer, requests, clients: () => clients };
}

const refusal = (type: string, retriable = false): Error => {
  const error = new kafkajs.KafkaJSProtocolError(Object.assign(new Error(type), { type, code: 0 }));
  return Object.assign(error, { retriable });
};
const codes = (results: PromiseSettledResult<void>[]): string[] =>
  results.map((result) => (result.status === 'fulfilled' ? 'ok' : (result.reason as { code: string }).code));
const numbers = (count: number): string[] => Array.from({ length: count }, (_, index) => String(index));

describe('FlushingProducer', () => {
  it('given records while a request is under way, sends them together in the next, in order', async () => {
    const first = Promise.withResolvers<RecordMetadata[]>();
    const { producer, requests } = producerOf(() => (requests.length === 1 ? first.promise : Promise.resolve([])));
    const sent = [producer.send({ topic: 't', value: '0' })];
    while (requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
    for (const value of ['1', '2', '3']) sent.push(producer.send({ topic: 't', value }));
    expect(producer.buffered.records).toBe(4);
    first.resolve([]);
    await Promise.all(sent);
    expect(requests).toEqual([['0'], ['1', '2', '3']]);
    expect(producer.buffered).toEqual({ records: 0, bytes: 0 });
    await producer.close();
  });

  it('given more than a request holds, sends several; a larger record goes alone', async () => {
    const { producer, requests } = producerOf(() => Promise.resolve([]), { maxBatchBytes: 1_000 });
    const values = ['a'.repeat(300), 'b'.repeat(300), 'c'.repeat(5_000), 'd'];
    await Promise.all(values.map((value) => producer.send({ topic: 't', value })));
    expect(requests.map((request) => request.map(([letter]) => letter))).toEqual([['a', 'b'], ['c'], ['d']]);
    await producer.close();
  });

  it('given a record that Kafka refuses, rejects only that one', async () => {
    const { producer } = producerOf((values) =>
      values.includes('13') ? Promise.reject(refusal('MESSAGE_TOO_LARGE')) : Promise.resolve([]),
    );
    const results = await Promise.allSettled(numbers(40).map((value) => producer.send({ topic: 't', value })));
    expect(codes(results)).toEqual(numbers(40).map((value) => (value === '13' ? 'record_too_large' : 'ok')));
    await producer.close();
  });

  it('given a topic that is not there, rejects only its records', async () => {
    const { producer, requests } = producerOf((_values, topics) =>
      topics.includes('gone') ? Promise.reject(refusal('UNKNOWN_TOPIC_OR_PARTITION', true)) : Promise.resolve([]),
    );
    const topics = ['t', 'gone', 't', 'gone', 'u'];
    const results = await Promise.allSettled(
      topics.map((topic, index) => producer.send({ topic, value: String(index) })),
    );
    expect(codes(results)).toEqual(['ok', 'record_refused', 'ok', 'record_refused', 'ok']);
    expect(requests).toHaveLength(4);
    await producer.close();
  });

  it('given an explicit partition that is not there, which kafkajs passes over in silence, rejects the record', async () => {
    const { producer } = producerOf(() => Promise.resolve([{ topicName: 't', partition: 0, errorCode: 0 }]));
    const partitions = [0, 7];
    const results = await Promise.allSettled(
      partitions.map((partition) => producer.send({ topic: 't', value: 'v', partition })),
    );
    expect(codes(results)).toEqual(['ok', 'record_refused']);
    await producer.close();
  });

  it('while the broker is away, is not available, waits, and takes everything up again in order', async () => {
    let away = true;
    const { producer, requests, clients } = producerOf(
      () => (away ? Promise.reject(new kafkajs.KafkaJSConnectionError('away')) : Promise.resolve([])),
      { deliveryTimeoutMs: Infinity },
    );
    const sent = Promise.all(numbers(3).map((value) => producer.send({ topic: 't', value })));
    while (clients() < 2) await new Promise((resolve) => setImmediate(resolve));
    expect(producer.available()).toBe(false);
    away = false;
    await sent;
    expect(producer.available()).toBe(true);
    expect(requests.at(-1)).toEqual(['0', '1', '2']);
    await producer.close();
  });

  it('given a request that is not answered, rejects when the time is over and is available when the answer comes', async () => {
    const answer = Promise.withResolvers<RecordMetadata[]>();
    const { producer } = producerOf(() => answer.promise, { deliveryTimeoutMs: 1 });
    await expect(producer.send({ topic: 't', value: 'v' })).rejects.toMatchObject({ code: 'broker_unavailable' });
    expect(producer.available()).toBe(false);
    expect(producer.buffered.records).toBe(0);
    answer.resolve([]);
    while (!producer.available()) await new Promise((resolve) => setImmediate(resolve));
    await producer.close();
  });

  it('given more than the buffer holds, rejects at once', async () => {
    const answer = Promise.withResolvers<RecordMetadata[]>();
    const { producer } = producerOf(() => answer.promise, { maxBufferedRecords: 2, maxBufferedBytes: 10_000 });
    const sent = numbers(2).map((value) => producer.send({ topic: 't', value }));
    await expect(producer.send({ topic: 't', value: 'v' })).rejects.toMatchObject({ code: 'producer_buffer_full' });
    answer.resolve([]);
    await Promise.all(sent);
    await expect(producer.send({ topic: 't', value: 'v'.repeat(10_000) })).rejects.toMatchObject({
      code: 'producer_buffer_full',
    });
    await producer.send({ topic: 't', value: 'v' });
    await producer.close();
  });

  it('given a record over the limit, rejects it before it is sent', async () => {
    const { producer, requests } = producerOf(() => Promise.resolve([]), { maxRecordBytes: 1_000 });
    const headers = { name: 'x'.repeat(1_000) };
    await expect(producer.send({ topic: 't', value: 'v', headers })).rejects.toMatchObject({
      code: 'record_too_large',
    });
    expect(requests).toEqual([]);
    await producer.close();
  });

  it('when closed, rejects what is left and what comes', async () => {
    const { producer } = producerOf(() => new Promise(() => undefined));
    const sent = producer.send({ topic: 't', value: 'v' });
    const rejected = expect(sent).rejects.toMatchObject({ code: 'producer_closed' });
    await producer.close(0);
    await rejected;
    await expect(producer.send({ topic: 't', value: 'v' })).rejects.toMatchObject({ code: 'producer_closed' });
  });
});
