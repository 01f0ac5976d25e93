import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { IHeaders, Message } from 'kafkajs';
import protocol from 'kafkajs/src/protocol/requests/index.js';
import type { ProduceRequest } from 'kafkajs/src/protocol/requests/index.js';
import { encodeProduceRequest, speedUpProduceRequests } from './produce-request.js';

const { Produce } = protocol.requests;
// Before anything replaces it.
const originally = Produce.protocol;

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
        const buffer = await byKafkajs(given);
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
    const buffer = await byKafkajs(given);
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
    const buffer = await byKafkajs(of('1700000000000'));
    expect(encodeProduceRequest(of(), 1_700_000_000_000).equals(buffer)).toBe(true);
  });

  it.each([
    ['records', 3, {}, true],
    ['records by the newest version', 7, {}, true],
    ['records that nobody confirms', 7, { acks: 0 }, true],
    ['compression', 7, { compression: 1 }, false],
    ['a transaction', 7, { transactionalId: 't', producerId: 7 }, false],
    ['an idempotent producer', 7, { producerId: 7 }, false],
    ['an old version', 2, {}, false],
  ])(
    'given %s, then the request is the same as before, and is written by us where we can',
    async (_, version, options, isOurs) => {
      const messages = [{ value: 'x', timestamp: '1700000000000', headers: {} }];
      const topicData = [{ topic: 'a', partitions: [{ partition: 0, messages }] }];
      const given = { acks: -1, timeout: 1, topicData, ...options };
      speedUpProduceRequests();
      const now = Produce.protocol({ version })(given).request;
      const before = originally({ version })(given).request;
      const encoded = await now.encode();

      expect(encoded.buffer.equals((await before.encode()).buffer)).toBe(true);
      // Only kafkajs has a buffer that is longer than what is in it.
      expect(encoded.buf.length === encoded.buffer.length).toBe(isOurs);
      expect(now.expectResponse()).toBe(before.expectResponse());
      expect({ ...now, encode: undefined, expectResponse: undefined }).toEqual({
        ...before,
        encode: undefined,
        expectResponse: undefined,
      });
    },
  );
});

async function byKafkajs(request: ProduceRequest): Promise<Buffer> {
  const { buffer } = await originally({ version: 3 })(request).request.encode();
  return buffer;
}
