import { describe, expect, it } from '@jest/globals';
import { eventSchema } from '@postduif/contracts';
import fc from 'fast-check';
import { encodeForm } from './index.js';
import { asTexts, decodeForm, rawValue } from './testing/decode-form.js';
import { anEvent, EVERY_TRIGGER, RAW_BYTES, RAW_EVENTS, VECTOR_BODY, VECTOR_EVENT } from './testing/events.js';

const form = (event: Parameters<typeof encodeForm>[0]): string => encodeForm(event).toString('latin1');
const update = (data: Record<string, unknown>) => anEvent({ type: 'update', profile: 1, database: 1, data });

describe('encodeForm', () => {
  it('given the event of the test vector, then its 483 bytes come out', () => {
    expect(form(VECTOR_EVENT)).toBe(VECTOR_BODY);
    expect(encodeForm(VECTOR_EVENT)).toHaveLength(483);
  });

  it('given an event that was stored as JSON in between, then the same bytes come out', () => {
    expect(form(eventSchema.parse(JSON.parse(JSON.stringify(VECTOR_EVENT))))).toBe(VECTOR_BODY);
  });

  it.each(Object.entries(EVERY_TRIGGER))('given %s with every field, then all arrive, in order', (_, given) => {
    const decoded = decodeForm(encodeForm(given.event));
    const expected = {
      type: given.event.type,
      timestamp: '2026-01-15 10:20:30',
      time: '1768472430',
      ...asTexts(given.posted),
    };
    expect(decoded).toEqual(expected);
    expect(Object.keys(decoded)).toEqual(Object.keys(expected));
  });

  it.each(RAW_EVENTS.map((event) => [event.type, event] as const))(
    'given a %s whose message is not UTF-8, then its bytes arrive as they are',
    (_, event) => {
      expect(rawValue(encodeForm(event), 'mime')).toEqual(RAW_BYTES);
    },
  );

  it('given only what is required, then nothing else is sent', () => {
    const event = anEvent({ type: 'delivery', data: { message: 'abc', recipient: 'ann@example.com' } });
    expect(form(event)).toBe(
      'type=delivery&timestamp=2026-01-15+10%3A20%3A30&time=1768472430&id=abc&recipient=ann%40example.com',
    );
  });

  it('given an unsubscribe without a message, then its own id is posted', () => {
    const event = anEvent({ type: 'unsubscribe', database: 1, profile: 2, mailing: 3, data: { id: 'u-1' } });
    expect(form(event)).toMatch(/&id=u-1&profile=2&database=1&mailing=3$/);
  });

  it('given empty lists and maps and unknown values, then they have no key, and an empty text has one', () => {
    const body = form(update({ parameters: {}, fields: { unknown: null, empty: '' }, interests: [] }));
    expect(body).not.toMatch(/parameters|interests|unknown/);
    expect(body).toMatch(/&fields%5Bempty%5D=$/);
  });

  it('given what PHP and browsers encode differently, then it goes out as PHP encodes it', () => {
    expect(form(update({ fields: { "~*!'()": "~*!'()-_." } }))).toMatch(
      /&fields%5B%7E%2A%21%27%28%29%5D=%7E%2A%21%27%28%29-_\.$/,
    );
  });

  it('given a lone surrogate, then U+FFFD goes out', () => {
    expect(form(update({ fields: { name: 'a\ud800b' } }))).toMatch(/=a%EF%BF%BDb$/);
  });

  it('given a time with an offset and a fraction, then the whole UTC second goes out', () => {
    const event = anEvent({
      type: 'delete',
      time: '2026-01-15T01:20:30.999+02:00',
      profile: 1,
      database: 1,
      data: {},
    });
    expect(form(event)).toBe('type=delete&timestamp=2026-01-14+23%3A20%3A30&time=1768432830&id=1&profile=1&database=1');
  });

  it('given a name with a bracket, which PHP could not decode, then the contract has refused it', () => {
    for (const name of ['a[b', 'a]b', '[]'])
      expect(() => update({ fields: { [name]: 'x' } })).toThrow(/may not contain/);
  });

  it("given a type of one's own, then its data arrives as one JSON text", () => {
    const data = { total: 12.5, lines: [{ sku: 'a' }], note: null };
    const decoded = decodeForm(encodeForm(anEvent({ type: 'invoice.paid', profile: 7, data })));
    expect(decoded).toEqual({
      type: 'invoice.paid',
      timestamp: '2026-01-15 10:20:30',
      time: '1768472430',
      id: 'event-1',
      profile: '7',
      data: JSON.stringify(data),
    });
  });

  it('given any names and values, then an independent decoder reads what was sent', () => {
    const name = fc
      .string({ unit: 'binary', minLength: 1, maxLength: 20 })
      .filter((text) => !/[[\]\0]/.test(text) && text.isWellFormed() && text !== '__proto__');
    const text = fc.string({ unit: 'binary', maxLength: 50 });
    const value = fc.oneof(text, fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean(), fc.constant(null));
    fc.assert(
      fc.property(fc.dictionary(name, value), fc.uniqueArray(name), (fields, interests) => {
        const decoded = decodeForm(encodeForm(update({ fields, interests })));
        const known = Object.fromEntries(Object.entries(fields).filter(([, item]) => item !== null));
        expect(decoded.fields ?? {}).toEqual(asTexts({ fields: known }).fields);
        expect(decoded.interests ?? []).toEqual(interests);
      }),
    );
  });

  it('given any bytes as a message, then they arrive as they are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2_000 }), (bytes) => {
        const mime_base64 = Buffer.from(bytes).toString('base64');
        const data = { message: 'abc', recipient: 'ann@example.com', envelope: 'b@example.com', mime_base64 };
        expect(rawValue(encodeForm(anEvent({ type: 'bounce', data })), 'mime')).toEqual(Buffer.from(bytes));
      }),
    );
  });
});
