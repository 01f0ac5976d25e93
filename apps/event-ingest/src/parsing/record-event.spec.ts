import { describe, expect, it } from '@jest/globals';
import { ApiError } from '@postduif/contracts';
import fc from 'fast-check';
import { readRecord } from './record-event.js';
import { outcomeOf } from './request-events.js';

const NOW = Date.UTC(2026, 0, 15);
const PLACE = { topic: 'ingest', partition: 2, offset: 7, timestamp: NOW };
const PLAIN = { id: 'a', type: 'invoice.paid', account: '1234', data: { amount: 12 } };

function read(headers: Record<string, string>, value: unknown): unknown {
  const bytes = value === null || Buffer.isBuffer(value) ? value : Buffer.from(JSON.stringify(value));
  const outcome = outcomeOf(() => readRecord({ ...PLACE, headers, value: bytes }));
  return 'ok' in outcome ? outcome.ok.event : outcome.refusal.code;
}

describe('reading a record of the topic ingest', () => {
  it('given plain JSON, takes it with or without a content type', () => {
    expect(read({}, PLAIN)).toMatchObject({ ...PLAIN, time: '2026-01-15T00:00:00.000Z' });
    expect(read({ 'Content-Type': 'application/json' }, PLAIN)).toMatchObject(PLAIN);
  });

  it('given structured mode, takes the event of the value', () => {
    expect(read({ 'content-type': 'application/cloudevents+json; charset=utf-8' }, PLAIN)).toMatchObject(PLAIN);
  });

  it('given binary mode, takes attributes from headers as they are', () => {
    const headers = { ce_specversion: '1.0', ce_type: 'a.b', ce_id: 'b', ce_account: '1234', ce_subject: 'Zürich %20' };
    expect(read({ ...headers, 'content-type': 'application/json' }, { n: 1 })).toMatchObject({
      id: 'b',
      subject: 'Zürich %20',
      datacontenttype: 'application/json',
      data: { n: 1 },
    });
  });

  it('given plain JSON whose account stands in a header alone, takes it from there', () => {
    const { account, ...rest } = PLAIN;
    expect(read({ ce_account: account }, rest)).toMatchObject(PLAIN);
    expect(read({ ce_account: '1234' }, { ...PLAIN, account: 1234 })).toMatchObject(PLAIN);
    expect(read({ ce_account: '9' }, PLAIN)).toBe('account_mismatch');
  });

  it.each([
    ['no account', {}, { type: 'a.b', data: {} }, 'account_missing'],
    ['no value', {}, null, 'value_missing'],
    ['an empty value', {}, Buffer.alloc(0), 'value_missing'],
    ['no JSON', {}, Buffer.from('{'), 'invalid_json'],
    ['no object', {}, [PLAIN], 'invalid_event'],
    ['a wrong event', {}, { ...PLAIN, type: 'wrong' }, 'invalid_event'],
    ['a batch', { 'content-type': 'application/cloudevents-batch+json' }, [PLAIN], 'unsupported_media_type'],
    ['XML', { 'content-type': 'application/xml' }, PLAIN, 'unsupported_media_type'],
  ])('given %s, refuses with a code', (_what, headers, value, code) => {
    expect(read(headers, value)).toBe(code);
  });

  it('given a media type that is none of ours, says which a record may have', () => {
    const value = Buffer.from(JSON.stringify(PLAIN));
    const outcome = outcomeOf(() => readRecord({ ...PLACE, headers: { 'content-type': 'text/xml' }, value }));
    expect(outcome).toMatchObject({ refusal: { detail: expect.not.stringContaining('batch') } });
  });

  it('given a record without id and time, then it gives the same event whenever it is read, and another record another', () => {
    const value = Buffer.from(JSON.stringify({ type: 'invoice.paid', account: '1234', data: {} }));
    const eventOf = (place: Partial<typeof PLACE>) => readRecord({ ...PLACE, ...place, headers: {}, value }).event;
    const { id, time } = eventOf({});
    expect(eventOf({})).toEqual(eventOf({}));
    expect(time).toBe('2026-01-15T00:00:00.000Z');
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    const others = [{ offset: 8 }, { partition: 3 }, { timestamp: NOW + 1 }, { topic: 'other' }].map(eventOf);
    expect(new Set([id, ...others.map((other) => other.id)]).size).toBe(5);
  });

  it.each([-1, 0, Number.MAX_SAFE_INTEGER])('given a record of the time %d, then its event is read', (timestamp) => {
    const value = Buffer.from(JSON.stringify({ type: 'invoice.paid', account: '1234', data: {} }));
    expect(readRecord({ ...PLACE, timestamp, headers: {}, value }).event.time).toBe('1970-01-01T00:00:00.000Z');
  });

  it('given any headers and bytes, makes an event or refuses with a code', () => {
    const name = fc.oneof(
      fc.constantFrom('content-type', 'ce_type', 'ce_specversion', 'ce_account', 'ce_id'),
      fc.string(),
    );
    const text = fc.oneof(
      fc.constantFrom('application/json', 'application/cloudevents+json', 'a.b', '1234'),
      fc.string(),
    );
    const value = fc.oneof(
      fc.uint8Array(),
      fc.json().map((json) => Buffer.from(json)),
      fc.constant(null),
    );
    fc.assert(
      fc.property(fc.dictionary(name, text), value, (headers, bytes) => {
        const outcome = outcomeOf(() => readRecord({ ...PLACE, headers, value: bytes }));
        expect('ok' in outcome || outcome.refusal instanceof ApiError).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });
});
