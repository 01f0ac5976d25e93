import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { eventKey, isProfileEvent, parseEvent } from './event.js';
import type { Event } from './event.js';
import { parseJson } from './json.js';
import { CUSTOM_SAMPLE, SAMPLES, SUBPROFILE_SAMPLES } from './testing/sample-events.js';
import { COPERNICA_TRIGGERS } from './triggers.js';
import type { CopernicaTrigger } from './triggers.js';

const valid = (value: unknown): Event => {
  const parsed = parseEvent(value);
  if ('errors' in parsed) throw new Error(JSON.stringify(parsed.errors));
  return parsed.event;
};
const wrong = (value: unknown): Record<string, string> => {
  const parsed = parseEvent(value);
  return 'errors' in parsed ? Object.fromEntries(parsed.errors.map(({ path, message }) => [path, message])) : {};
};
const withData = (trigger: CopernicaTrigger, data: Record<string, unknown>) => ({
  ...SAMPLES[trigger],
  data: { ...SAMPLES[trigger].data, ...data },
});
const without = (value: Record<string, unknown>, name: string) =>
  Object.fromEntries(Object.entries(value).filter(([other]) => other !== name));

/** Fields in bold in the tables of spec section 4, by the names of the contract. */
const REQUIRED_DATA: Record<CopernicaTrigger, string[]> = {
  bounce: ['message', 'recipient', 'envelope', 'mime'],
  failure: ['message', 'recipient', 'action', 'state'],
  delivery: ['message', 'recipient'],
  click: ['message', 'recipient', 'ip', 'original'],
  open: ['message', 'recipient', 'ip'],
  unsubscribe: ['id'],
  abuse: ['message', 'emailfrom'],
  create: [],
  update: [],
  delete: [],
};

describe.each(COPERNICA_TRIGGERS)('the event of the trigger %s', (trigger) => {
  const sample = SAMPLES[trigger];

  it('given every documented field, keeps every one as it is', () => {
    expect(valid(sample)).toEqual(sample);
  });

  it('given its own canonical JSON, is the same again', () => {
    const once = valid(sample);
    expect(valid(JSON.parse(JSON.stringify(once)))).toEqual(once);
  });

  it('given a field that it does not have, names it', () => {
    expect(wrong(withData(trigger, { colour: 'red' }))).toEqual({
      'data.colour': expect.stringContaining('not a known field'),
    });
  });

  it('without a required field, says what is missing', () => {
    for (const name of REQUIRED_DATA[trigger]) {
      const errors = wrong({ ...sample, data: without(sample.data, name) });
      expect(Object.keys(errors)).toEqual([`data.${name}`]);
      expect(errors[`data.${name}`]).toMatch(/is required|must be|give the message/);
    }
  });

  it('without an optional field, is accepted', () => {
    const required = [...REQUIRED_DATA[trigger], 'mime_base64'];
    for (const name of Object.keys(sample.data).filter((one) => !required.includes(one)))
      expect(wrong({ ...sample, data: without(sample.data, name) })).toEqual({});
  });

  it('without data, says that it must be an object', () => {
    expect(wrong({ ...sample, data: undefined })).toEqual({ data: 'must be a JSON object' });
    expect(wrong({ ...sample, data: [] })).toEqual({ data: 'must be a JSON object' });
  });
});

describe('the forms for subprofiles', () => {
  it.each(Object.values(SUBPROFILE_SAMPLES))('given $type, keeps every field', (sample) => {
    const event = valid(sample);
    expect(event).toEqual(sample);
    expect(isProfileEvent(event)).toBe(true);
  });

  it.each(['collection', 'subprofile'])('without %s, asks for it', (name) => {
    expect(wrong(without({ ...SUBPROFILE_SAMPLES.update }, name))).toEqual({
      [name]: 'a subprofile has both `subprofile` and `collection`',
    });
  });

  it('given interests, refuses them', () => {
    const event = { ...SUBPROFILE_SAMPLES.create, data: { interests: ['blue'] } };
    expect(wrong(event)).toEqual({ 'data.interests': 'a subprofile has no interests' });
  });
});

describe('the ids beside data', () => {
  it.each([
    ['create', ['database', 'profile']],
    ['update', ['database', 'profile']],
    ['delete', ['database', 'profile']],
    ['unsubscribe', ['database', 'profile', 'mailing']],
  ] as const)('given %s without them, asks for each', (type, names) => {
    for (const name of names)
      expect(wrong(without(SAMPLES[type], name))).toEqual({ [name]: `is required for \`${type}\`` });
  });

  it('given digits in text, as headers have them, makes numbers', () => {
    expect(valid({ ...SAMPLES.click, profile: '123', mailing: '0466' })).toMatchObject({ profile: 123, mailing: 466 });
  });

  it.each([0, -1, 1.5, '12a', '', 2 ** 53, '9999999999999999', null, true])('given %p, refuses it', (profile) => {
    expect(wrong({ ...SAMPLES.click, profile })).toEqual({ profile: 'must be a positive whole number' });
  });
});

describe('the attributes', () => {
  it.each([
    ['an id with a space', { id: 'a b' }, 'id'],
    ['an id of 201 characters', { id: 'x'.repeat(201) }, 'id'],
    ['an empty source', { source: '' }, 'source'],
    ['a subject with a line feed', { subject: 'a\nb' }, 'subject'],
    ['an account with a slash', { account: 'a/b' }, 'account'],
    ['an unknown caller', { caller: 'me' }, 'caller'],
    ['another specversion', { specversion: '0.3' }, 'specversion'],
    ['data that is no JSON', { datacontenttype: 'text/plain' }, 'datacontenttype'],
    ['a traceparent that could break a header', { traceparent: 'x\r\ny' }, 'traceparent'],
    ['an extension with capitals', { orderNumber: '1' }, 'orderNumber'],
    ['an extension that is an object', { order: {} }, 'order'],
    ['an unknown type', { type: 'clicked' }, 'type'],
    ['a type with an empty part', { type: 'invoice..paid' }, 'type'],
  ])('given %s, names the attribute', (_case, change, path) => {
    expect(Object.keys(wrong({ ...CUSTOM_SAMPLE, ...change }))).toEqual([path]);
  });

  it('given an unknown type, lists those that exist', () => {
    expect(wrong({ ...CUSTOM_SAMPLE, type: 'clicked' }).type).toContain('unsubscribe, abuse, or a dotted type');
  });

  it('given an account as a number, makes it text', () => {
    expect(valid({ ...CUSTOM_SAMPLE, account: 1234 }).account).toBe('1234');
  });

  it('given extension attributes of the producer, keeps them', () => {
    const extensions = { region: 'eu', attempt: 2, urgent: true };
    expect(valid({ ...CUSTOM_SAMPLE, ...extensions })).toMatchObject(extensions);
  });

  it('given __proto__ as an attribute, refuses it and changes no prototype', () => {
    const event = parseJson(
      Buffer.from(JSON.stringify(CUSTOM_SAMPLE).replace('"type"', '"__proto__":{"admin":true},"type"')),
    );
    expect(Object.keys(wrong(event))).toEqual(['__proto__']);
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
  });

  it.each([null, 1, 'text', [], true])('given %p instead of an event, refuses it', (value) => {
    expect(wrong(value)).toEqual({ '': 'must be a JSON object' });
  });

  it('given many mistakes, names at most twenty', () => {
    const fields = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`[${index}]`, 'x']));
    expect(Object.keys(wrong(withData('create', { fields })))).toHaveLength(20);
  });
});

describe('moments', () => {
  it.each([
    ['2026-01-15T10:20:30Z', '2026-01-15T10:20:30Z'],
    ['2026-01-15T10:20:30.123456Z', '2026-01-15T10:20:30.123456Z'],
    ['2026-01-15T10:20:30+02:00', '2026-01-15T08:20:30.000Z'],
    ['2026-01-15 10:20:30', '2026-01-15T10:20:30Z'],
  ])('given %s, is %s in UTC', (given, expected) => {
    expect(valid({ ...CUSTOM_SAMPLE, time: given }).time).toBe(expected);
  });

  it.each([
    '15-01-2026',
    '2026-02-30T00:00:00Z',
    '2026-02-30 00:00:00',
    '2026-01-15T10:20:30',
    '2026-01-15T10:20Z',
    '1969-12-31T23:59:59Z',
    '0000-01-01T00:00:00+01:00',
    '9999-12-31T23:59:59-01:00',
    1768472430,
  ])('given %p, refuses it', (time) => {
    expect(wrong({ ...CUSTOM_SAMPLE, time })).toEqual({
      time: expect.stringMatching(/^must be (a time such as|in the years)/),
    });
  });

  it('given a create without created and modified, takes the time of the event', () => {
    const { created, modified } = valid({ ...SAMPLES.create, data: {} }).data as Record<string, unknown>;
    expect([created, modified]).toEqual([SAMPLES.create.time, SAMPLES.create.time]);
  });

  it('given an update without created, leaves it out', () => {
    expect(valid({ ...SAMPLES.update, data: {} }).data).toEqual({
      modified: SAMPLES.update.time,
      parameters: {},
      fields: {},
      interests: [],
    });
  });
});

describe('values of fields and parameters', () => {
  const mib = 'é'.repeat(512 * 1024);

  it.each([
    ['an empty value', ''],
    ['a value of 1 MiB', mib],
    ['Unicode beyond the basic plane', '👩‍👩‍👧‍👦 𝔘'],
    ['brackets and separators', 'a[b]=c&d+%00'],
    ['a number', 1.5],
    ['a boolean', false],
    ['unknown', null],
  ])('given %s, keeps it', (_case, value) => {
    expect(valid(withData('update', { fields: { 'naam klant': value } })).data).toMatchObject({
      fields: { 'naam klant': value },
    });
  });

  it('given a number beyond the precision of a double, keeps its digits', () => {
    const json = JSON.stringify(withData('update', { fields: { ean: 0 } })).replace(
      '"ean":0',
      '"ean":12345678901234567890',
    );
    expect(valid(parseJson(Buffer.from(json))).data).toMatchObject({ fields: { ean: '12345678901234567890' } });
  });

  it.each(['a[b', 'a]', '', '__proto__', 'a\0b', 'x'.repeat(256)])('given the name %p, refuses it', (name) => {
    const fields: unknown = JSON.parse(`{${JSON.stringify(name)}:"x"}`);
    expect(Object.keys(wrong(withData('delete', { fields })))).toEqual([`data.fields.${name}`]);
  });

  it('given a name with brackets, says why it cannot be', () => {
    expect(wrong(withData('create', { fields: { 'a[b': 'x' } }))).toEqual({
      'data.fields.a[b': 'a name may not contain `[`, `]` or NUL',
    });
  });

  it.each([[{}], [[]]])('given %p as a value, refuses it', (value) => {
    expect(wrong(withData('create', { parameters: { a: value } }))).toEqual({
      'data.parameters.a': 'must be a string, a number, true, false or null',
    });
  });

  it('given interests as names, makes objects of them', () => {
    expect(valid(withData('create', { interests: ['red wine'] })).data).toMatchObject({
      interests: [{ name: 'red wine' }],
    });
  });

  it.each([['a['], [{ name: 'x', grp: 'y' }], [{ group: 'y' }], [1]])(
    'given the interest %p, refuses it',
    (interest) => {
      expect(Object.keys(wrong(withData('create', { interests: ['ok', interest] })))[0]).toMatch(/^data\.interests\.1/);
    },
  );
});

describe('data of the message triggers', () => {
  it.each([
    ['bounce', { mime_base64: 'AA==' }, 'data.mime'],
    ['abuse', { mime: 'text' }, 'data.mime'],
    ['abuse', { mime_base64: 'not base64' }, 'data.mime_base64'],
    ['failure', { action: 'expired' }, 'data.action'],
    ['failure', { code: 42 }, 'data.code'],
    ['delivery', { code: '250' }, 'data.code'],
    ['click', { ip: '300.1.1.1' }, 'data.ip'],
    ['click', { original: '' }, 'data.original'],
    ['click', { message: 'has space' }, 'data.message'],
    ['open', { tags: 'newsletter' }, 'data.tags'],
    ['open', { recipient: 'a\r\nb@c.example' }, 'data.recipient'],
    ['unsubscribe', { id: '' }, 'data.id'],
    ['unsubscribe', { id: {} }, 'data.id'],
  ] as const)('given a %s with %p, names %s', (trigger, data, path) => {
    expect(Object.keys(wrong(withData(trigger, data)))).toEqual([path]);
  });

  it('given a mime of 1 MiB in base64, keeps it', () => {
    const mime_base64 = Buffer.alloc(1024 * 1024, 0xff).toString('base64');
    expect(valid(withData('abuse', { mime_base64 })).data).toMatchObject({ mime_base64 });
  });
});

describe('events of any other type', () => {
  it('given any JSON object as data, passes it on unchanged', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (data) => {
        const json = JSON.stringify({ ...CUSTOM_SAMPLE, data });
        expect(JSON.stringify(valid(parseJson(Buffer.from(json))).data)).toBe(JSON.stringify(data));
      }),
    );
  });

  it('given numbers beyond a double and __proto__ in data, passes them on to the digit', () => {
    const data = '{"id":12345678901234567890,"price":0.1000000000000000055,"__proto__":{"x":1e400}}';
    const event = valid(
      parseJson(Buffer.from(JSON.stringify({ ...CUSTOM_SAMPLE, data: 0 }).replace('"data":0', `"data":${data}`))),
    );
    expect(JSON.stringify(event.data)).toBe(data);
  });

  it('given anything at all, is accepted or refused and never thrown', () => {
    fc.assert(
      fc.property(
        fc.record({
          type: fc.constantFrom(...COPERNICA_TRIGGERS, 'a.b'),
          data: fc.anything(),
          database: fc.anything(),
        }),
        (value) => {
          expect(() => parseEvent({ ...CUSTOM_SAMPLE, ...value })).not.toThrow();
        },
      ),
    );
  });
});

describe('the key on the topic', () => {
  it.each([
    ['the subject', { subject: 's', profile: 1 }, '1234/s'],
    ['else the profile', { profile: 1 }, '1234/profile/1'],
    ['else the id of the event', {}, '1234/evt-1'],
  ])('is the account with %s', (_case, attributes, key) => {
    expect(eventKey({ ...valid(CUSTOM_SAMPLE), subject: undefined, ...attributes })).toBe(key);
  });
});
