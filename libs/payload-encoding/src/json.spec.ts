import { describe, expect, it } from '@jest/globals';
import { parseJson } from '@postduif/contracts';
import fc from 'fast-check';
import { encode, encodeCloudEvent, encodeJson } from './index.js';
import { anEvent, EVERY_TRIGGER, RAW_BYTES, RAW_EVENTS, VECTOR_BODY, VECTOR_EVENT } from './testing/events.js';

const decode = (event: Parameters<typeof encodeJson>[0]): unknown => JSON.parse(encodeJson(event).toString('utf8'));

describe('encodeJson', () => {
  it("given a type of one's own, then type, timestamp and the data as it came go out", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (data) => {
        const event = anEvent({ type: 'invoice.paid', database: 1, data: JSON.parse(JSON.stringify(data)) as object });
        expect(encodeJson(event).toString('utf8')).toBe(
          JSON.stringify({ type: 'invoice.paid', timestamp: '2026-01-15T10:20:30Z', data: event.data }),
        );
        expect(event.data).toEqual(JSON.parse(JSON.stringify(data)));
      }),
    );
  });

  it('given numbers that no double holds, then their digits stay', () => {
    const data = parseJson(Buffer.from('{"n":12345678901234567890,"m":0.10000000000000000001}'));
    const event = anEvent({ type: 'invoice.paid', data });
    expect(encodeJson(event).toString()).toContain('"data":{"n":12345678901234567890,"m":0.10000000000000000001}}');
  });

  it.each(Object.entries(EVERY_TRIGGER))(
    'given %s with every field, then data has the fields of the form',
    (_, given) => {
      expect(decode(given.event)).toEqual({
        type: given.event.type,
        timestamp: '2026-01-15T10:20:30Z',
        data: given.posted,
      });
    },
  );

  it.each(RAW_EVENTS.map((event) => [event.type, event] as const))(
    'given a %s whose message is not UTF-8, then it goes out in base64',
    (_, event) => {
      expect(decode(event)).toMatchObject({ data: { mime_base64: RAW_BYTES.toString('base64') } });
      expect(decode(event)).not.toHaveProperty('data.mime');
    },
  );

  it('given empty lists and maps, then they stay', () => {
    const event = anEvent({ type: 'update', profile: 1, database: 1, data: { fields: { unknown: null } } });
    expect(decode(event)).toMatchObject({ data: { parameters: {}, fields: {}, interests: [] } });
  });
});

describe('encode', () => {
  it('given a format, then the body comes with its content type', () => {
    expect(encode('form', VECTOR_EVENT)).toEqual({
      contentType: 'application/x-www-form-urlencoded',
      body: Buffer.from(VECTOR_BODY),
    });
    expect(encode('json', VECTOR_EVENT)).toEqual({
      contentType: 'application/json',
      body: encodeJson(VECTOR_EVENT),
    });
    expect(encode('cloudevents', VECTOR_EVENT)).toEqual({
      contentType: 'application/cloudevents+json',
      body: encodeCloudEvent(VECTOR_EVENT),
    });
  });
});
