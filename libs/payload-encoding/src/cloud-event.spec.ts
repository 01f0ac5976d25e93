import { describe, expect, it } from '@jest/globals';
import { parseEvent } from '@postduif/contracts';
import type { Event } from '@postduif/contracts';
import { CloudEvent } from 'cloudevents';
import fc from 'fast-check';
import { encodeCloudEvent, encodeJson } from './index.js';
import { anEvent, EVERY_TRIGGER, RAW_BYTES, RAW_EVENTS } from './testing/events.js';

const decode = (event: Event): Record<string, unknown> =>
  JSON.parse(encodeCloudEvent(event).toString('utf8')) as Record<string, unknown>;
const dataOfJson = (event: Event): unknown =>
  (JSON.parse(encodeJson(event).toString('utf8')) as { data: unknown }).data;
/** What the official SDK reads; it throws for what is no CloudEvent. */
const validated = (event: Event): CloudEvent<unknown> => new CloudEvent(decode(event));
const invoice = (given: Record<string, unknown> = {}): Event =>
  anEvent({ type: 'invoice.paid', data: { a: 1 }, ...given });

const text = fc.string({ minLength: 1, maxLength: 30 });
const uri = fc.oneof(
  fc.webUrl({ withQueryParameters: true, withFragments: true }),
  text,
  fc.constantFrom('/a/b', '//h', 'urn:a:b', 'a:'),
);
/** The SDK has methods and an old attribute by these names. */
const TAKEN = new Set(['emit', 'validate', 'schemaurl', 'datacontentencoding']);
const name = fc.stringMatching(/^[a-z0-9]{1,20}$/).filter((candidate) => !TAKEN.has(candidate));
const id = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
const anyEvent = fc
  .tuple(
    fc.dictionary(
      name,
      fc.oneof(fc.string(), fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean()),
    ),
    fc.record(
      {
        ...{ source: uri, subject: text, dataschema: uri, caller: fc.constantFrom('ms', 'rest') },
        ...{ database: id, collection: id, profile: id, subprofile: id, mailing: id },
      },
      { requiredKeys: [] },
    ),
    fc.dictionary(fc.string(), fc.jsonValue()),
  )
  .map(([extensions, attributes, data]) =>
    parseEvent({
      ...extensions,
      ...attributes,
      ...{ specversion: '1.0', id: 'event-1', type: 'invoice.paid', account: '1234', time: '2026-01-15T10:20:30.5Z' },
      ...{
        datacontenttype: 'application/json',
        tracestate: 'a=b',
        traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`,
      },
      data: JSON.parse(JSON.stringify(data)) as unknown,
    }),
  )
  .filter((parsed) => 'event' in parsed)
  .map(({ event }) => event);

describe('encodeCloudEvent', () => {
  it("given a type of one's own with every attribute, then they go out as CloudEvents has them, in order", () => {
    const event = anEvent({
      ...{
        type: 'invoice.paid',
        source: '/billing',
        subject: 'invoice/7',
        dataschema: 'https://example.com/invoice.json',
      },
      ...{ datacontenttype: 'application/vnd.example+json', caller: 'rest', database: 1, profile: 2 ** 53 - 1 },
      ...{ region: 'eu', attempt: 3, ratio: 0.5, test: false },
      data: { total: 12.5, lines: [{ sku: 'ü' }] },
    });
    expect(encodeCloudEvent(event).toString('utf8')).toBe(
      JSON.stringify({
        ...{
          specversion: '1.0',
          id: 'event-1',
          source: '/billing',
          type: 'invoice.paid',
          time: '2026-01-15T10:20:30Z',
        },
        ...{ subject: 'invoice/7', datacontenttype: 'application/vnd.example+json' },
        ...{ dataschema: 'https://example.com/invoice.json', account: '1234', caller: 'rest' },
        ...{ database: '1', profile: '9007199254740991', region: 'eu', attempt: 3, ratio: '0.5', test: false },
        data: { total: 12.5, lines: [{ sku: 'ü' }] },
      }),
    );
  });

  it('given any event, then the official SDK takes it for a valid CloudEvent, with its id, type, time and data', () => {
    fc.assert(
      fc.property(anyEvent, (event) => {
        const read = validated(event);
        expect(read).toMatchObject({ id: 'event-1', type: 'invoice.paid', time: event.time, account: '1234' });
        expect(read.data).toEqual(dataOfJson(event));
      }),
      { numRuns: 500 },
    );
  });

  it.each(Object.entries(EVERY_TRIGGER))('given %s with every field, then its data is that of JSON', (_, { event }) => {
    const read = validated(event);
    expect(read).toMatchObject({ type: event.type, datacontenttype: 'application/json', source: '/accounts/1234' });
    expect(read.data).toEqual(dataOfJson(event));
  });

  it.each(RAW_EVENTS.map((event) => [event.type, event] as const))(
    'given a %s whose message is not UTF-8, then it goes out in base64 within the data',
    (_, event) => {
      expect(validated(event).data).toMatchObject({ mime_base64: RAW_BYTES.toString('base64') });
    },
  );

  it.each([
    [{ subject: 'given', profile: 1 }, 'given'],
    [{ profile: 1, subprofile: 2 }, 'subprofile/2'],
    [{ profile: 1 }, 'profile/1'],
    [{ database: 1 }, undefined],
  ])('given %p, then the subject is %s', (attributes, subject) => {
    expect(decode(invoice(attributes)).subject).toBe(subject);
  });

  it.each([
    ['https://a.example:8080/b?c=%20&d#e', 'https://a.example:8080/b?c=%20&d#e'],
    ['urn:uuid:6e8bc430-9c3a-11d9-9669-0800200c9a66', 'urn:uuid:6e8bc430-9c3a-11d9-9669-0800200c9a66'],
    ['mailto:a@example.com', 'mailto:a@example.com'],
    ['../billing', '../billing'],
    ['the billing service', 'the%20billing%20service'],
    ['a b:c', 'a%20b%3Ac'],
    ['//host:port/', '%2F%2Fhost%3Aport%2F'],
    ['100%', '100%25'],
    ['größe', 'gr%C3%B6%C3%9Fe'],
  ])('given the source %j, then it is %s', (source, expected) => {
    expect(validated(invoice({ source })).source).toBe(expected);
  });

  it('given a source that the contract does not take, encodes what there is', () => {
    expect(validated({ ...invoice(), source: '\ud800' }).source).toBe('%EF%BF%BD');
  });

  it.each([
    ['https://example.com/schema.json', 'https://example.com/schema.json'],
    ['schema.json', undefined],
    ['', undefined],
    ['https://example.com/a b', undefined],
  ])('given the schema %j, then it is %s', (dataschema, expected) => {
    expect(decode(invoice({ dataschema })).dataschema).toBe(expected);
  });

  it('given a schema and a type of the data of a trigger, then they are not those of what goes out', () => {
    const given = { dataschema: 'https://example.com/s.json', datacontenttype: 'application/vnd.example+json' };
    const event = anEvent({ type: 'open', ...given, data: { message: 'm', recipient: 'a@example.com', ip: '::1' } });
    expect(decode(event)).toMatchObject({ datacontenttype: 'application/json', data: { id: 'm' } });
    expect(decode(event)).not.toHaveProperty('dataschema');
  });

  it('given the largest integer of CloudEvents and one more, then the one is a number and the other a text', () => {
    expect(decode(invoice({ most: 2 ** 31 - 1, more: 2 ** 31, least: -(2 ** 31) }))).toMatchObject({
      ...{ most: 2_147_483_647, more: '2147483648', least: -2_147_483_648 },
    });
  });
});
