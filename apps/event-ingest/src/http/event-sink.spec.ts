import { afterAll, describe, expect, it } from '@jest/globals';
import { createKafka, FlushingProducer } from '@postduif/kafka';
import { pino } from 'pino';
import { parseEvent } from '../parsing/parsed-event.js';
import { EventSink } from './event-sink.js';

const log = pino({ level: 'silent' });
const NOBODY = '127.0.0.1:1';

describe('storing an event while Kafka is away', () => {
  const kafka = createKafka({ clientId: 'event-sink-test', brokers: [NOBODY], log });
  const producer = new FlushingProducer({ kafka, log, deliveryTimeoutMs: 100 });
  const sink = new EventSink(producer, 'events');
  const parsed = parseEvent({ type: 'a.b', data: {} }, { account: '1', now: 0 });

  afterAll(() => producer.close(0));

  it('given no answer in time, refuses the event, and then the next request at once', async () => {
    expect(() => {
      sink.requireBroker();
    }).not.toThrow();
    const refusal = { code: 'broker_unavailable', options: { retryAfterSeconds: 1 } };
    expect(await sink.store(parsed, 0, undefined)).toMatchObject({ refusal });
    expect(() => {
      sink.requireBroker();
    }).toThrow(expect.objectContaining({ code: 'broker_unavailable' }));
  });

  it('given a full buffer or a record that is too large, says which', async () => {
    const full = new EventSink(new FlushingProducer({ kafka, log, maxBufferedRecords: 0 }), 'events');
    expect(await full.store(parsed, 0, undefined)).toMatchObject({ refusal: { code: 'overloaded', status: 503 } });
    const small = new EventSink(new FlushingProducer({ kafka, log, maxRecordBytes: 1 }), 'events');
    expect(await small.store(parsed, 0, undefined)).toMatchObject({ refusal: { code: 'payload_too_large' } });
  });
});
