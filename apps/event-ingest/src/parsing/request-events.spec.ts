import { describe, expect, it } from '@jest/globals';
import { ApiError, eventSchema, MAX_EVENT_BYTES, MAX_JSON_DEPTH, parseJson } from '@postduif/contracts';
import fc from 'fast-check';
import { readRequest } from './request-events.js';
import type { RequestEvents } from './request-events.js';

const NOW = Date.UTC(2026, 0, 15, 10, 20, 30);
const MAX_EVENTS = 100;
const CLICK = { type: 'invoice.paid', data: { amount: 12 } };

function read(headers: Record<string, string>, body: string | Uint8Array): RequestEvents {
  return readRequest({ headers, body: Buffer.from(body) }, { account: '1234', now: NOW }, MAX_EVENTS);
}

const readAs = (type: string, value: unknown): RequestEvents => read({ 'content-type': type }, JSON.stringify(value));

/** The event or the code of each. */
function results({ events }: RequestEvents): unknown[] {
  return events.map((outcome) => ('ok' in outcome ? outcome.ok.event : outcome.refusal.code));
}

function codeOf(reading: () => unknown): string | undefined {
  try {
    reading();
  } catch (error) {
    if (error instanceof ApiError) return error.code;
    throw error;
  }
  return undefined;
}

describe('reading the events of a request', () => {
  it('given one plain event, fills in id, time, account and specversion', () => {
    const { batch, events } = readAs('application/json; charset=UTF-8', CLICK);
    expect(batch).toBe(false);
    const [first] = results({ batch, events });
    expect(first).toMatchObject({ ...CLICK, account: '1234', specversion: '1.0', time: '2026-01-15T10:20:30.000Z' });
    expect(first).toHaveProperty('id', expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7/));
  });

  it('given an array, reads each event for itself', () => {
    const sent = readAs('application/json', [
      { ...CLICK, id: 'a' },
      { type: 'nope', data: {} },
      7,
      { ...CLICK, id: 'b' },
    ]);
    expect(sent.batch).toBe(true);
    expect(results(sent)).toMatchObject([{ id: 'a' }, 'invalid_event', 'invalid_event', { id: 'b' }]);
  });

  it('given NDJSON, skips empty lines and refuses only the line that is broken', () => {
    const body = `${JSON.stringify({ ...CLICK, id: 'a' })}\r\n\n{"id":\n${JSON.stringify({ ...CLICK, id: 'b' })}`;
    const sent = read({ 'content-type': 'application/x-ndjson' }, body);
    expect(sent.batch).toBe(true);
    expect(results(sent)).toMatchObject([{ id: 'a' }, 'invalid_json', { id: 'b' }]);
  });

  it('given structured mode, takes `data_base64` for the data and null for an absent attribute', () => {
    const data_base64 = Buffer.from('{"amount":12}').toString('base64');
    const event = { specversion: '1.0', id: 'a', source: '/s', subject: null, type: 'invoice.paid', data_base64 };
    const sent = readAs('application/cloudevents+json', event);
    expect(sent.batch).toBe(false);
    expect(results(sent)).toMatchObject([{ id: 'a', source: '/s', data: { amount: 12 } }]);
    expect(results(sent)[0]).not.toHaveProperty('subject');
  });

  it('given structured mode with data twice or not in base64, refuses', () => {
    const type = 'application/cloudevents+json';
    expect(results(readAs(type, { ...CLICK, data_base64: 'e30=' }))).toEqual(['invalid_event']);
    expect(results(readAs(type, { type: 'a.b', data_base64: '*' }))).toEqual(['invalid_event']);
    expect(results(readAs(type, { type: 'a.b', data_base64: 'eyI=' }))).toEqual(['invalid_json']);
  });

  it('given bytes in `data_base64` that are no JSON, says where and what they must be', () => {
    const data_base64 = Buffer.from([0xff]).toString('base64');
    const { events } = readAs('application/cloudevents+json', { type: 'a.b', data_base64 });
    const message = 'The bytes in `data_base64` must be JSON. The text is not UTF-8.';
    expect(events).toMatchObject([{ refusal: { code: 'invalid_json', message } }]);
  });

  it('given data beside its event, takes it when the event with it can be read again', () => {
    const binary = { 'ce-specversion': '1.0', 'ce-type': 'a.b' };
    const structured = (data: string) =>
      readAs('application/cloudevents+json', { type: 'a.b', data_base64: Buffer.from(data).toString('base64') });
    for (const readData of [structured, (data: string) => read(binary, data)]) {
      const deep = (levels: number) => `{"a":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`;
      expect(results(readData(deep(MAX_JSON_DEPTH)))).toEqual(['invalid_json']);
      const [outcome] = readData(deep(MAX_JSON_DEPTH - 1)).events;
      expect(outcome && 'ok' in outcome && parseJson(outcome.ok.json)).toHaveProperty('data');
    }
  });

  it('given batched mode, takes an array only', () => {
    const type = 'application/cloudevents-batch+json';
    expect(results(readAs(type, [{ ...CLICK, id: 'a' }]))).toMatchObject([{ id: 'a' }]);
    expect(codeOf(() => readAs(type, CLICK))).toBe('invalid_request');
  });

  it.each([{ 'content-type': 'application/json' }, {}])(
    'given binary mode with %j, decodes the attributes and takes the body for the data',
    (headers) => {
      const attributes = { 'ce-specversion': '1.0', 'ce-type': 'click', 'ce-id': 'a', 'ce-profile': '7' };
      const data = { message: 'm', recipient: 'ann@example.com', ip: '127.0.0.1', original: 'https://example.com' };
      const sent = read({ ...attributes, 'ce-subject': 'Z%C3%BCrich%20%25', ...headers }, JSON.stringify(data));
      expect(results(sent)).toMatchObject([{ id: 'a', type: 'click', profile: 7, subject: 'Zürich %', data }]);
    },
  );

  it('given a quoted attribute in binary mode, takes it without the quotes', () => {
    const headers = { 'ce-specversion': '1.0', 'ce-type': 'a.b' };
    const sent = read({ ...headers, 'ce-subject': '"a \\"b\\" %C3%A9"' }, '{}');
    expect(results(sent)).toMatchObject([{ subject: 'a "b" é' }]);
  });

  it('given binary mode with wrong percent-encoding or an attribute `data`, refuses', () => {
    const headers = { 'ce-specversion': '1.0', 'ce-type': 'a.b' };
    expect(results(read({ ...headers, 'ce-subject': '%ff' }, '{}'))).toEqual(['invalid_event']);
    expect(results(read({ ...headers, 'ce-subject': 'Z\xc3\xbcrich' }, '{}'))).toEqual(['invalid_event']);
    expect(results(read({ ...headers, 'ce-data': 'x' }, '{}'))).toEqual(['invalid_event']);
  });

  it('given another account than that of the token, refuses', () => {
    expect(results(readAs('application/json', { ...CLICK, account: '1235' }))).toEqual(['account_mismatch']);
    expect(results(readAs('application/json', { ...CLICK, account: '1234' }))).toMatchObject([{ account: '1234' }]);
  });

  it('given an account that is no text, never takes it for another account than that of the token', () => {
    for (const account of [1235, true, ['1235'], { toString: '1235' }]) {
      const [result] = results(readAs('application/json', { ...CLICK, account }));
      expect(['account_mismatch', 'invalid_event']).toContain(result);
    }
  });

  it.each(['text/plain', 'application/json; charset=latin1', 'nonsense', 'application/xml'])(
    'given the media type %s, refuses the request',
    (type) => {
      expect(codeOf(() => readAs(type, CLICK))).toBe('unsupported_media_type');
    },
  );

  it('given a plain event without a media type, refuses the request', () => {
    expect(codeOf(() => read({}, '{}'))).toBe('unsupported_media_type');
  });

  it('given bytes that are no UTF-8, or JSON that is too deep, refuses as invalid JSON', () => {
    const json = { 'content-type': 'application/json' };
    expect(codeOf(() => read(json, Buffer.from([0x22, 0xff, 0x22])))).toBe('invalid_json');
    expect(codeOf(() => read(json, '['.repeat(MAX_JSON_DEPTH + 1) + ']'.repeat(MAX_JSON_DEPTH + 1)))).toBe(
      'invalid_json',
    );
    expect(codeOf(() => read(json, '['.repeat(1_000_000)))).toBe('invalid_json');
    expect(codeOf(() => read(json, ''))).toBe('invalid_json');
  });

  it('given an event over the limit, refuses it alone', () => {
    const large = { type: 'a.b', data: { text: 'x'.repeat(MAX_EVENT_BYTES) } };
    expect(results(readAs('application/json', [large, { ...CLICK, id: 'a' }]))).toMatchObject([
      'payload_too_large',
      { id: 'a' },
    ]);
  });

  const update = (data: object) => ({ type: 'update', database: 1, profile: 2, data });

  it('given a change with a value of 1 MiB in its parameters and its fields, takes it', () => {
    const value = 'Zoë & co = 100%\n'.repeat(1024 * 64);
    const sent = readAs('application/json', update({ parameters: { note: value }, fields: { note: value } }));
    expect(results(sent)).toMatchObject([{ type: 'update' }]);
  });

  it.each([
    ['values', { fields: { note: '€'.repeat(950_000) } }],
    ['names', { interests: Array.from({ length: 2_400 }, (_, n) => ({ name: `${'€'.repeat(200)}${n}`, group: 'g' })) }],
  ])('given %s that no longer fit into a record when they are percent-encoded, refuses the event', (_what, data) => {
    expect(results(readAs('application/json', update(data)))).toEqual(['payload_too_large']);
  });

  it('given no events or more than are allowed, refuses the request', () => {
    expect(codeOf(() => readAs('application/json', []))).toBe('empty_batch');
    expect(codeOf(() => read({ 'content-type': 'application/x-ndjson' }, '\n \n'))).toBe('empty_batch');
    expect(codeOf(() => readAs('application/json', Array(MAX_EVENTS + 1).fill(CLICK)))).toBe('payload_too_large');
  });

  it('keeps numbers that a double cannot hold', () => {
    const { events } = read(
      { 'content-type': 'application/json' },
      '{"type":"a.b","data":{"n":12345678901234567890.1}}',
    );
    const [outcome] = events;
    expect(outcome && 'ok' in outcome && outcome.ok.json.toString()).toContain('"n":12345678901234567890.1');
  });

  const types = [
    'application/json',
    'application/x-ndjson',
    'application/cloudevents+json',
    'application/cloudevents-batch+json',
  ];
  const eventLike = fc.record(
    {
      id: fc.oneof(fc.string(), fc.constant(null)),
      type: fc.constantFrom('click', 'create', 'a.b', '', 'x'),
      time: fc.oneof(fc.string(), fc.constant('2026-01-15 10:20:30')),
      account: fc.constantFrom('1234', '9', 7),
      profile: fc.oneof(fc.integer(), fc.string()),
      data: fc.oneof(fc.dictionary(fc.string(), fc.jsonValue()), fc.jsonValue()),
    },
    { requiredKeys: [] },
  );
  const body = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.json().map((text) => Buffer.from(text)),
    fc.oneof(eventLike, fc.array(eventLike)).map((value) => Buffer.from(JSON.stringify(value))),
  );
  const headers = fc.record(
    {
      'content-type': fc.oneof(fc.constantFrom(...types), fc.string()),
      'ce-specversion': fc.constantFrom('1.0', '0.3'),
      'ce-type': fc.constantFrom('a.b', 'click'),
      'ce-id': fc.string(),
      'ce-__proto__': fc.string(),
    },
    { requiredKeys: [] },
  );

  it('given any headers and bytes, makes events that follow the contract or refuses with a code', () => {
    fc.assert(
      fc.property(headers, body, (given, bytes) => {
        let sent: RequestEvents;
        try {
          sent = read(given, bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(ApiError);
          return;
        }
        for (const outcome of sent.events) {
          if (!('ok' in outcome)) continue;
          expect(outcome.ok.event.account).toBe('1234');
          expect(eventSchema.safeParse(JSON.parse(outcome.ok.json.toString())).success).toBe(true);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
