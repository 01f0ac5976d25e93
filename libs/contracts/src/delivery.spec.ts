import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  decodeDeliveryHeaders,
  deliveryId,
  deliveryKey,
  encodeDeliveryHeaders,
  eventIdentity,
  rateOf,
} from './delivery.js';

const headers = fc.record(
  {
    delivery: fc.string({ minLength: 1 }),
    account: fc.string({ minLength: 1 }),
    webhook: fc.string({ minLength: 1 }),
    event: fc.string({ minLength: 1 }),
    trigger: fc.string({ minLength: 1 }),
    contentType: fc.string({ minLength: 1 }),
    attempt: fc.integer({ min: 1, max: 9_999 }),
    acceptedAt: fc.integer({ min: 0, max: 999_999_999_999_999 }),
    firstAttemptAt: fc.integer({ min: 0, max: 999_999_999_999_999 }),
    dueAt: fc.integer({ min: 0, max: 999_999_999_999_999 }),
    traceparent: fc.string(),
  },
  { requiredKeys: ['delivery', 'account', 'webhook', 'event', 'trigger', 'contentType', 'attempt', 'acceptedAt'] },
);

const facts = {
  delivery: 'd',
  account: '1',
  webhook: '2',
  event: 'e',
  trigger: 'click',
  contentType: 'application/json',
  attempt: 1,
  acceptedAt: 1_768_472_430_000,
};

describe('the header of a delivery', () => {
  it('when encoded and decoded, are the same', () => {
    fc.assert(
      fc.property(headers, (delivery) => {
        expect(decodeDeliveryHeaders(encodeDeliveryHeaders(delivery))).toEqual(delivery);
      }),
    );
  });

  it('given others beside it, ignores those', () => {
    const headers = { ...encodeDeliveryHeaders(facts), reason: 'x' };
    expect(decodeDeliveryHeaders(headers)).toMatchObject({ delivery: 'd', attempt: 1 });
  });

  it.each(Object.keys(facts))('without %s, is no delivery', (name) => {
    const { [name as keyof typeof facts]: _, ...rest } = facts;
    expect(decodeDeliveryHeaders({ delivery: JSON.stringify(rest) })).toBeUndefined();
  });

  it.each([
    ['attempt', 0],
    ['attempt', 1.5],
    ['attempt', '1'],
    ['acceptedAt', -1],
    ['dueAt', 'soon'],
    ['webhook', ''],
  ])('given %s as %p, is no delivery', (name, value) => {
    expect(decodeDeliveryHeaders({ delivery: JSON.stringify({ ...facts, [name]: value }) })).toBeUndefined();
  });

  it.each([{}, { delivery: '' }, { delivery: 'kyvWB42tv05oDS_7q_bLyg' }, { delivery: 'null' }])(
    'given %j, is no delivery',
    (given: Record<string, string>) => {
      expect(decodeDeliveryHeaders(given)).toBeUndefined();
    },
  );
});

describe('the id of a delivery', () => {
  const event = { account: '1234', source: '/ms', id: 'evt-1' };

  it('is the same for ever: receivers and operators keep it', () => {
    expect(deliveryId(event, '12')).toBe('kyvWB42tv05oDS_7q_bLyg');
    expect(deliveryId({ account: '1234', id: 'evt-1' }, '12')).toBe('evm_LwO-_c7cpNcYYYCdFw');
  });

  it.each([
    ['account', { ...event, account: '1235' }, '12'],
    ['source', { ...event, source: '/other' }, '12'],
    ['event', { ...event, id: 'evt-2' }, '12'],
    ['webhook', event, '13'],
  ])('given another %s, is another', (_what, other, webhook) => {
    expect(deliveryId(other, webhook)).not.toBe(deliveryId(event, '12'));
  });

  it('given an event without source and one with an empty source, takes them for the same', () => {
    expect(eventIdentity({ account: '1', id: 'a' })).toBe(eventIdentity({ account: '1', id: 'a', source: '' }));
  });
});

describe('the key of a delivery', () => {
  const ids = Array.from({ length: 1_000 }, (_, index) => deliveryId({ account: '1', id: `evt-${index}` }, '12'));
  const keysOf = (webhook: Parameters<typeof deliveryKey>[0]) => new Set(ids.map((id) => deliveryKey(webhook, id)));

  it('is the id of a webhook without shards', () => {
    expect(keysOf({ id: '12', concurrency: 10 })).toEqual(new Set(['12']));
  });

  it('given shards, names one of them, evenly, and for the same delivery always the same', () => {
    const webhook = { id: '12', concurrency: 10, shards: 4 };
    const counts = Map.groupBy(ids, (id) => deliveryKey(webhook, id));
    expect([...counts.keys()].sort()).toEqual(['12#0', '12#1', '12#2', '12#3']);
    for (const of of counts.values()) expect(of.length).toBeGreaterThan(200);
    expect(deliveryKey(webhook, 'kyvWB42tv05oDS_7q_bLyg')).toBe('12#3');
  });

  it('given more shards than requests in flight, uses no more of them than there are requests to share out', () => {
    expect(keysOf({ id: '12', concurrency: 2, shards: 8 })).toEqual(new Set(['12#0', '12#1']));
  });
});

describe('the rate of a webhook', () => {
  it.each([
    ['no limit', {}, undefined],
    ["its owner's", { rate: 2.5 }, 2.5],
    ["its receiver's, which is by the minute", { allowedRate: 90 }, 1.5],
    ["the owner's when that is lower", { rate: 1, allowedRate: 90 }, 1],
    ["the receiver's when that is lower", { rate: 2, allowedRate: 90 }, 1.5],
  ])('is %s', (_what, limits, rate) => {
    expect(rateOf(limits)).toBe(rate);
  });
});
