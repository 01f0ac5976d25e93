import { createRequire } from 'node:module';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { IHeaders, Message } from 'kafkajs';
import { encodeProduceRequest, speedUpProduceRequests } from './produce-request.js';
import type { ProduceRequest } from './produce-request.js';

const require = createRequire(import.meta.url);
const PATH = require.resolve('kafkajs/src/protocol/requests/produce/v3/request.js');
type Encoder = (request: ProduceRequest) => { apiVersion: number; encode(): Promise<{ buffer: Buffer }> };
// Before anything replaces it.
const byKafkajs = require(PATH) as Encoder;

const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));
const text = fc.string({ unit: 'grapheme', maxLength: 40 });
const value = fc.oneof(bytes, text);
const headers: fc.Arbitrary<IHeaders> = fc.dictionary(
  text.filter((name) => name !== '__proto__'),
  fc.oneof(value, fc.array(value, { maxLength: 3 })),
  { maxKeys: 4 },
);
const times = fc.integer({ min: 1_000_000_000_000, max: 9_999_999_999_999 }).map(String);
const message: fc.Arbitrary<Message> = fc.record({
  key: fc.option(value, { nil: null }),
  value: fc.option(value, { nil: null }),
  headers,
  timestamp: times,
});
const request: fc.Arbitrary<ProduceRequest> = fc.record({
  acks: fc.constantFrom(-1, 1),
  timeout: fc.nat(),
  topicData: fc.array(
    fc.record({
      topic: text,
      partitions: fc.array(
        fc.record({ partition: fc.nat({ max: 1_000 }), messages: fc.array(message, { minLength: 1, maxLength: 20 }) }),
        { maxLength: 3 },
      ),
    }),
    { maxLength: 3 },
  ),
});

describe('a Produce request', () => {
  it('given any records, then it has the bytes of kafkajs', async () => {
    await fc.assert(
      fc.asyncProperty(request, async (given) => {
        const { buffer } = await byKafkajs(given).encode();
        expect(encodeProduceRequest(given).equals(buffer)).toBe(true);
      }),
    );
  });

  it('given large records, then it has the bytes of kafkajs', async () => {
    const messages = [70_000, 127, 128, 1_048_576].map((length, index) => ({
      key: null,
      value: Buffer.alloc(length, index + 1),
      timestamp: String(1_700_000_000_000 + index * 2 ** 33),
    }));
    const given = { acks: -1, timeout: 30_000, topicData: [{ topic: 'a', partitions: [{ partition: 0, messages }] }] };
    const { buffer } = await byKafkajs(given).encode();
    expect(encodeProduceRequest(given).equals(buffer)).toBe(true);
  });

  it('given a record without a timestamp, then it gets the present one', async () => {
    const of = (timestamp?: string): ProduceRequest => ({
      acks: -1,
      timeout: 1,
      topicData: [
        {
          topic: 'a',
          partitions: [{ partition: 0, messages: [{ value: 'x', ...(timestamp && { timestamp }) }] }],
        },
      ],
    });
    const { buffer } = await byKafkajs(of('1700000000000')).encode();
    expect(encodeProduceRequest(of(), 1_700_000_000_000).equals(buffer)).toBe(true);
  });

  it('given what we do not use, then kafkajs writes it as before', async () => {
    speedUpProduceRequests();
    speedUpProduceRequests();
    const ours = require(PATH) as Encoder;
    expect(ours).not.toBe(byKafkajs);
    const topicData = [{ topic: 'a', partitions: [{ partition: 0, messages: [{ value: 'x', timestamp: '1' }] }] }];
    const plain = { acks: -1, timeout: 1, topicData };
    for (const given of [plain, { ...plain, compression: 1 }, { ...plain, transactionalId: 't', producerId: 7 }]) {
      const expected = byKafkajs(given);
      const made = ours(given);
      expect(made.apiVersion).toBe(expected.apiVersion);
      expect((await made.encode()).buffer.equals((await expected.encode()).buffer)).toBe(true);
    }
  });
});
