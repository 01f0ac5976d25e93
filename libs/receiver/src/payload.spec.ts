import { describe, expect, it, jest } from '@jest/globals';
import { COPERNICA_TRIGGERS, eventSchema } from '@postduif/contracts';
import type { CopernicaEvent } from '@postduif/contracts';
import { encodeCloudEvent, encodeForm, encodeJson } from '@postduif/payload-encoding';
import fc from 'fast-check';
import { parseBody } from './payload.js';
import { anyEvent } from './testing/events.js';

// Many events, on machines that may be busy.
jest.setTimeout(60_000);

const FORM = 'application/x-www-form-urlencoded';
const form = (body: Uint8Array | string) => parseBody(FORM, Buffer.from(body), true);
const json = (body: Uint8Array | string) => parseBody('application/json', Buffer.from(body), false);
const cloudEvent = (body: Uint8Array) => parseBody('application/cloudevents+json', body, false);
const failing = (code: string): unknown => expect.objectContaining({ name: 'ReceiverError', code });

/** `YYYY-MM-DD HH:MM:SS` */
const copernica = (moment: string | undefined): string | undefined => moment?.slice(0, 19).replace('T', ' ');

/** What a receiver should read of an event, from the tables of spec section 4; `read` is how a value of a map arrives. */
function fieldsOf(event: CopernicaEvent, read: (value: unknown) => unknown): Record<string, unknown> {
  const { profile, subprofile, database, collection, mailing } = event;
  const ids = { profile, subprofile, database, collection, mailing };
  const map = (values: Record<string, unknown>): Record<string, unknown> =>
    Object.fromEntries(
      Object.entries(values).flatMap(([name, value]) => (value === null ? [] : [[name, read(value)]])),
    );
  switch (event.type) {
    case 'create':
    case 'update': {
      const { created, modified, parameters, fields, interests } = event.data;
      return {
        id: subprofile ?? profile,
        ...ids,
        created: copernica(created),
        modified: copernica(modified),
        parameters: map(parameters),
        fields: map(fields),
        interests: interests.map(({ name }) => name),
        interestgroups: Object.fromEntries(
          interests.flatMap(({ name, group }) => (group === undefined ? [] : [[name, group]])),
        ),
      };
    }
    case 'delete':
      return { id: subprofile ?? profile, ...ids, fields: map(event.data.fields) };
    case 'unsubscribe':
      return { ...ids, ...event.data, tags: event.data.tags ?? [] };
    case 'bounce':
    case 'abuse': {
      const { message, mime, mime_base64, tags = [], ...rest } = event.data;
      return {
        ...ids,
        ...rest,
        id: message,
        tags,
        mime: Buffer.from(mime ?? mime_base64 ?? '', mime === undefined ? 'base64' : 'utf8'),
      };
    }
    default: {
      const { message, tags = [], ...rest } = event.data;
      return { ...ids, ...rest, id: message, tags };
    }
  }
}

const asText = (value: unknown): string => String(typeof value === 'boolean' ? Number(value) : value);

describe.each(COPERNICA_TRIGGERS)('the body of any %s', (trigger) => {
  it('given a form as it is sent, then every field arrives', () => {
    fc.assert(
      fc.property(anyEvent(trigger), (event) => {
        const moment = { timestamp: copernica(event.time), time: Math.floor(Date.parse(event.time) / 1_000) };
        expect(form(encodeForm(event))).toEqual({
          format: 'form',
          payload: { type: trigger, ...moment, ...fieldsOf(event, asText) },
        });
      }),
      { numRuns: 50 },
    );
  });

  it('given JSON as it is sent, then every field arrives, numbers and booleans as they are', () => {
    fc.assert(
      fc.property(anyEvent(trigger), (event) => {
        const data = fieldsOf(event, (value) => value);
        expect(json(encodeJson(event))).toEqual({
          format: 'json',
          payload: { type: trigger, timestamp: event.time, data },
        });
      }),
      { numRuns: 50 },
    );
  });

  it('given a CloudEvent as it is sent, then every field arrives in its data, and the ids beside it as text', () => {
    const texts = (ids: object): object =>
      Object.fromEntries(Object.entries(ids).map(([name, id]) => [name, String(id)]));
    fc.assert(
      fc.property(anyEvent(trigger), (event) => {
        const { profile, subprofile, database, collection, mailing } = event;
        const ids = Object.entries({ profile, subprofile, database, collection, mailing });
        const known = texts(Object.fromEntries(ids.filter(([, id]) => id !== undefined)));
        const { format, payload } = cloudEvent(encodeCloudEvent(event));
        expect(format).toBe('cloudevents');
        expect(payload).toMatchObject({
          specversion: '1.0',
          id: 'evt-1',
          type: trigger,
          time: event.time,
          account: '1234',
        });
        expect(payload).toMatchObject(known);
        expect((payload as { data: unknown }).data).toEqual(fieldsOf(event, (value) => value));
      }),
      { numRuns: 50 },
    );
  });
});

describe("the body of a type of one's own", () => {
  it('given any data, then it arrives by form and by JSON', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue(), { noNullPrototype: true }), (given) => {
        const data: unknown = JSON.parse(JSON.stringify(given));
        const event = eventSchema.parse({
          id: 'evt-1',
          account: '1234',
          type: 'invoice.paid',
          time: '2026-01-15T10:20:30Z',
          profile: 7,
          data,
        });
        expect(form(encodeForm(event)).payload).toEqual({
          type: 'invoice.paid',
          timestamp: '2026-01-15 10:20:30',
          time: 1_768_472_430,
          id: 'evt-1',
          profile: 7,
          data,
        });
        expect(json(encodeJson(event)).payload).toEqual({ type: 'invoice.paid', timestamp: event.time, data });
        expect(cloudEvent(encodeCloudEvent(event)).payload).toEqual({
          ...{ specversion: '1.0', id: 'evt-1', source: '/accounts/1234', type: 'invoice.paid', time: event.time },
          ...{ subject: 'profile/7', datacontenttype: 'application/json', account: '1234', profile: '7' },
          data,
        });
      }),
    );
  });
});

describe('a form that is not as it is sent', () => {
  const moment = 'timestamp=2026-01-15+10%3A20%3A30&time=1768472430';
  const message = `${moment}&id=abc&recipient=ann%40example.com`;

  it.each([
    ['no type', moment, 'body_malformed', 'type is missing'],
    ['no time', 'type=open&timestamp=x', 'body_malformed', 'time is missing'],
    ['a field that must be there and is not', `type=click&${message}&ip=::1`, 'body_malformed', 'original is missing'],
    ['letters for a number', `type=delivery&${message}&code=abc`, 'body_malformed', 'code must be a whole number'],
    ['a number too large', `type=delivery&${message}&code=${'9'.repeat(16)}`, 'body_malformed', 'code must be'],
    ['an unknown action', `type=failure&${message}&action=x&state=y`, 'body_malformed', 'action must be'],
    ['an unknown type', `type=subscribe&${message}`, 'type_unknown', '(subscribe)'],
    ['a type that every object has', `type=constructor&${message}`, 'type_unknown', '(constructor)'],
    ['data that is no JSON', `type=a.b&${message}&data=x`, 'body_malformed', 'it is not JSON'],
    ['data that is no object', `type=a.b&${message}&data=[]`, 'body_malformed', 'data must be a JSON object'],
  ])('given %s, then it is refused and what is wrong is named', (_what, body, code, detail) => {
    expect(() => form(body)).toThrow(failing(code));
    expect(() => form(body)).toThrow(detail);
  });

  it('given what only this version does not know, then it is left out', () => {
    expect(form(`type=open&${message}&ip=::1&colour=red`).payload).not.toHaveProperty('colour');
  });

  it('given lists with numbers, and tags in one text, then they are lists all the same', () => {
    const open = (tags: string): unknown => form(`type=open&${message}&ip=::1&${tags}`).payload;
    expect(open('tags%5B0%5D=a&tags%5B1%5D=b')).toMatchObject({ tags: ['a', 'b'] });
    expect(open('tags=a%3Bb%3B')).toMatchObject({ tags: ['a', 'b'] });
  });

  it('given a name with a bracket, then it is read as PHP reads it', () => {
    const deleted = (fields: string): unknown =>
      form(`type=delete&${moment}&id=1&profile=1&database=1&${fields}`).payload;
    expect(deleted('fields%5Ba%5Bb%5D%5D=x')).toMatchObject({ fields: { 'a[b': 'x' } });
    expect(deleted('profile%5B=2')).toMatchObject({ profile: 1, fields: {} });
    expect(deleted('profile=2')).toMatchObject({ profile: 2 });
  });

  it('given __proto__ as a name, then no prototype changes', () => {
    const { payload } = form(`type=delete&${moment}&id=1&profile=1&database=1&fields%5B__proto__%5D=x`);
    expect(Object.entries((payload as { fields: object }).fields)).toEqual([['__proto__', 'x']]);
    expect(Object.getPrototypeOf((payload as { fields: object }).fields)).toBe(Object.prototype);
  });
});

describe('JSON that is not as it is sent', () => {
  const of = (data: unknown, type = 'click'): string =>
    JSON.stringify({ type, timestamp: '2026-01-15T10:20:30Z', data });
  const click = { id: 'abc', recipient: 'ann@example.com', ip: '::1', original: 'https://a.example' };

  it.each([
    ['no JSON', '{', 'body_malformed', 'it is not JSON'],
    ['bytes that are not UTF-8', Buffer.from([0x22, 0xff, 0x22]), 'body_malformed', 'it is not JSON in UTF-8'],
    ['a list', '[]', 'body_malformed', 'it must be a JSON object'],
    ['no data', '{"type":"click","timestamp":"x"}', 'body_malformed', 'data must be'],
    ['no type', '{"timestamp":"x","data":{}}', 'body_malformed', 'type is missing'],
    ['no timestamp', '{"type":"a.b","data":{}}', 'body_malformed', 'timestamp is missing'],
    ['an unknown type', of(click, 'clicked'), 'type_unknown', '(clicked)'],
    ['a missing field', of({ ...click, ip: undefined }), 'body_malformed', 'ip is missing'],
    ['a number for a text', of({ ...click, ip: 1 }), 'body_malformed', 'ip must be a text'],
    ['a text for a number', of({ ...click, profile: '1' }), 'body_malformed', 'profile must be a whole number'],
    ['a text for a list', of({ ...click, tags: 'a' }), 'body_malformed', 'tags must be a list'],
    ['numbers in a list', of({ ...click, tags: [1] }), 'body_malformed', 'tags must be a list'],
    ['a list for a map', of({ id: 1, profile: 1, database: 1, fields: [] }, 'delete'), 'body_malformed', 'fields must'],
    [
      'an object in a map',
      of({ id: 1, profile: 1, database: 1, fields: { a: {} } }, 'delete'),
      'body_malformed',
      'fields must',
    ],
  ])('given %s, then it is refused and what is wrong is named', (_what, body, code, detail) => {
    expect(() => json(body)).toThrow(failing(code));
    expect(() => json(body)).toThrow(detail);
  });
});

describe('the type of a body', () => {
  it.each([
    ['text/plain', true],
    ['multipart/form-data', true],
    [FORM, false],
    ['', true],
    [undefined, true],
  ])('given %p, and signed: %p, then it is refused', (type, signed) => {
    expect(() => parseBody(type, Buffer.from('type=open'), signed)).toThrow(failing('content_type_unsupported'));
  });

  it('given capitals and a character set, then it is known', () => {
    const body = Buffer.from('{"type":"a.b","timestamp":"x","data":{}}');
    expect(parseBody('Application/JSON ; charset=utf-8', body, false).format).toBe('json');
  });

  it('given any bytes as any type, then they are read or refused with a code', () => {
    fc.assert(
      fc.property(
        fc.uint8Array(),
        fc.constantFrom(FORM, 'application/json', 'application/cloudevents+json'),
        (bytes, type) => {
          expect(() => parseBody(type, bytes, true)).toThrow(expect.objectContaining({ name: 'ReceiverError' }));
        },
      ),
    );
  });
});
