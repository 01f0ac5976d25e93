import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { MAX_EVENT_BYTES, parseJson } from '@postduif/contracts';
import fc from 'fast-check';
import { DataSchema, SchemaRefused } from './index.js';

const INVOICE = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  required: ['number', 'amount'],
  additionalProperties: false,
  properties: {
    number: { type: 'string', pattern: '^F-\\d{4}$' },
    amount: { $ref: '#/$defs/money' },
    due: { type: 'string', format: 'date' },
    lines: { type: 'array', items: { type: 'object', properties: { price: { $ref: '#/$defs/money' } } } },
  },
  $defs: { money: { type: 'object', required: ['cents'], properties: { cents: { type: 'integer', minimum: 0 } } } },
};
const FITTING = { number: 'F-2026', amount: { cents: 1 }, due: '2026-01-15', lines: [{ price: { cents: 0 } }] };

/** A schema of `levels` definitions, each of which names the next one twice. */
function doubling(levels: number): Record<string, unknown> {
  const next = (level: number) => ({ $ref: `#/$defs/d${level}` });
  const definitions = Array.from({ length: levels }, (_, level) => [
    `d${level}`,
    level === levels - 1 ? { type: 'string' } : { allOf: [next(level + 1), next(level + 1)] },
  ]);
  return { ...next(0), $defs: Object.fromEntries(definitions) as object };
}

/** A list in a list, and so on. */
function nested(levels: number): unknown {
  let value: unknown = 0;
  for (let level = 0; level < levels; level++) value = [value];
  return value;
}

/** JSON knows one zero. */
function zeroed(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

describe('the schema of an event type', () => {
  it('given data that fits, then nothing is wrong', () => {
    expect(new DataSchema(INVOICE).errors(FITTING)).toEqual([]);
  });

  it.each([
    ['a missing member', { number: 'F-2026' }, 'data', "must have required property 'amount'"],
    ['another type', { ...FITTING, amount: { cents: '1' } }, 'data.amount.cents', 'must be integer'],
    ['a pattern that does not match', { ...FITTING, number: 'secret' }, 'data.number', 'must match pattern'],
    ['a format', { ...FITTING, due: '2026-02-30' }, 'data.due', 'must match format "date"'],
    ['a member that is not known', { ...FITTING, extra: 1 }, 'data', 'must NOT have additional properties: extra'],
    ['an item of a list', { ...FITTING, lines: [{ price: {} }] }, 'data.lines.0.price', "property 'cents'"],
  ])('given %s, then says where and what, and not the value', (_, data, path, message) => {
    const [error, ...others] = new DataSchema(INVOICE).errors(data);
    expect(others).toEqual([]);
    expect(error).toEqual({ path, message: expect.stringContaining(message) });
    expect(JSON.stringify(error)).not.toContain('secret');
  });

  it.each([
    [0.01, [0.07, 19.99, 4.35, 1.1, 0, -0.29, 1e6, 99_999_999.99, 1_234_567_890_123.45], [1.005, 0.001, 1.000_001]],
    [0.05, [0.15, 19.95], [19.99]],
    [2.5, [5, 7.5], [6]],
    [3, [9, 9e15], [10, 0.5, 9_007_199_254_740_991]],
    [1e-8, [1e-8, 0.000_000_07], [1.5e-8]],
  ])('given multipleOf %s, then decimals count as they are written', (multipleOf, multiples, others) => {
    const schema = new DataSchema({ properties: { n: { multipleOf } } });
    for (const n of multiples) expect([n, schema.errors({ n })]).toEqual([n, []]);
    for (const n of others)
      expect([n, schema.errors({ n })]).toEqual([
        n,
        [{ path: 'data.n', message: `must be multiple of ${multipleOf}` }],
      ]);
    expect(schema.errors({ n: 'text' })).toEqual([]);
  });

  it('given schemas and a value nested as deep as they may be, then it is a schema', () => {
    const schema = JSON.parse(`${'{"properties":{"a":'.repeat(32)}{}${'}}'.repeat(32)}`) as Record<string, unknown>;
    expect(new DataSchema(schema).errors({})).toEqual([]);
    expect(new DataSchema({ default: nested(30) }).errors({})).toEqual([]);
  });

  it.each(['toString', 'valueOf', 'constructor', 'hasOwnProperty', '__proto__'])(
    'given the name %s, then an object has it when it is in the data',
    (name) => {
      const [without, having] = [{}, JSON.parse(`{"${name}":5}`) as Record<string, unknown>];
      const errorsOf = (schema: string, data: Record<string, unknown>) =>
        new DataSchema(JSON.parse(schema) as Record<string, unknown>).errors(data).length;
      const [missing, needs, none, equal] = [
        `{"required":["${name}"]}`,
        `{"dependentRequired":{"${name}":["x"]},"dependentSchemas":{"${name}":false}}`,
        '{"unevaluatedProperties":false}',
        `{"properties":{"a":{"enum":[{"${name}":5}]},"b":{"items":{},"maxItems":9,"uniqueItems":true}}}`,
      ];
      expect([errorsOf(missing, without), errorsOf(missing, having)]).toEqual([1, 0]);
      expect([errorsOf(needs, without), errorsOf(needs, having)]).toEqual([0, 1]);
      expect([errorsOf(none, without), errorsOf(none, having)]).toEqual([0, 1]);
      expect([errorsOf(equal, { a: having }), errorsOf(equal, { a: without })]).toEqual([0, 1]);
      expect([errorsOf(equal, { b: [having, without] }), errorsOf(equal, { b: [having, having] })]).toEqual([0, 1]);
      if (name === '__proto__') return;
      const typed = `{"properties":{"${name}":{"type":"string"}},"patternProperties":{"^x":true},"unevaluatedProperties":false}`;
      expect([errorsOf(typed, without), errorsOf(typed, having)]).toEqual([0, 1]);
    },
  );

  it('given a property that every object has, evaluated by nothing, then it is not evaluated', () => {
    const schema = new DataSchema({ patternProperties: { '^x': true }, unevaluatedProperties: false });
    expect(schema.errors({ xa: 1 })).toEqual([]);
    expect(schema.errors({ constructor: 1 })).toHaveLength(1);
  });

  it('given values to compare, then equal is what is written alike', () => {
    const json = fc.jsonValue({ stringUnit: 'grapheme-ascii' });
    fc.assert(
      fc.property(json, json, (one, other) => {
        const fits = (schema: object) => new DataSchema({ properties: { a: schema } }).errors({ a: one }).length === 0;
        expect(fits({ const: structuredClone(one) })).toBe(true);
        expect(fits({ enum: [other] })).toBe(isDeepStrictEqual(zeroed(one), zeroed(other)));
      }),
    );
  });

  it('given numbers that a double cannot hold, then they are compared as they came', () => {
    const schema = new DataSchema({ properties: { ids: { uniqueItems: true, maxItems: 9 } } });
    const data = (text: string) => parseJson(Buffer.from(text)) as Record<string, unknown>;
    expect(schema.errors(data('{"ids":[12345678901234567890,12345678901234567891]}'))).toEqual([]);
    expect(schema.errors(data('{"ids":[12345678901234567890,12345678901234567890]}'))).toHaveLength(1);
  });

  it('given a number that a double cannot hold, then it is a number', () => {
    const schema = new DataSchema({ properties: { n: { type: 'integer', minimum: 5 }, s: { type: 'string' } } });
    const data = (text: string) => parseJson(Buffer.from(text)) as Record<string, unknown>;
    expect(schema.errors(data('{"n":12345678901234567890123}'))).toEqual([]);
    expect(schema.errors(data('{"n":-12345678901234567890123}'))).toHaveLength(1);
    expect(schema.errors(data('{"s":12345678901234567890123}'))).toHaveLength(1);
  });

  it.each([
    ['a keyword that does not exist', { propertys: {} }, 'propertys'],
    ['a type that does not exist', { type: 'text' }, 'type'],
    ['a format that does not exist', { format: 'colour' }, 'colour'],
    ['a reference to elsewhere', { $ref: 'https://example.org/schema' }, '$ref must name'],
    ['a reference to nothing', { $ref: '#/$defs/nothing' }, '$ref must name'],
    ['a reference to what objects have', { $ref: '#/$defs/constructor', $defs: {} }, '$ref must name'],
    ['a schema that holds itself', { $defs: { a: { items: { $ref: '#/$defs/a' } } } }, 'recursive'],
    ['dynamic references', { $dynamicRef: '#node' }, 'put what is used twice in $defs and name it with $ref'],
    ['an address of its own', { $id: 'https://example.org/s' }, 'put what is used twice in $defs'],
    ['a name of its own', { $anchor: 'node' }, 'put what is used twice in $defs'],
    ['another version of JSON Schema', { $schema: 'http://json-schema.org/draft-07/schema#' }, '2020-12'],
    ['a lookahead', { pattern: '(?=a)b' }, 'RE2 has no backreferences and lookarounds'],
    ['a lookbehind', { pattern: '(?<!a)b' }, 'RE2 has no backreferences and lookarounds'],
    ['a backreference', { pattern: '(a)\\1' }, 'RE2 has no backreferences and lookarounds'],
    ['a pattern that is none', { pattern: '(' }, /^the pattern \( cannot be read: missing closing \): `\(`$/],
    ['a pattern of names that is none', { patternProperties: { '(': true } }, 'cannot be read: missing closing )'],
    ['NUL in a value', { const: 'a\0' }, 'NUL'],
    ['NUL in a name', { properties: { 'a\0': true } }, 'NUL'],
    ['NUL in a list', { required: ['a\0'] }, 'NUL'],
    ['half a character in a value', { title: '\ud800' }, 'surrogate'],
    ['half a character in a name', { properties: { '\ud800': true } }, 'surrogate'],
    ['a value nested too deep', { const: nested(100_000) }, 'deep'],
    ['a value nested too deep where none belongs', { properties: nested(100_000) }, 'deep'],
    ['a name that is nothing to ajv', JSON.parse('{"properties":{"__proto__":true}}') as object, '__proto__'],
    ['such a pattern', JSON.parse('{"not":{"patternProperties":{"__proto__":true}}}') as object, '#/not/patternProp'],
    ['items that are compared without end', { uniqueItems: true }, 'maxItems'],
    ['schemas by the thousand through references', doubling(12), 'too large'],
    ['schemas nested too deep', JSON.parse(`${'{"not":'.repeat(40)}true${'}'.repeat(40)}`) as object, 'deep'],
    ['a schema that is too long', { description: 'x'.repeat(40_000) }, 'characters'],
    ['a list instead of a schema', { items: [] }, 'no schema'],
    ['answers that are promises', { $async: true, required: ['a'] }, '$async'],
    ['schemas where none are counted', { dependencies: { a: { $ref: '#/dependencies/a' } } }, 'dependencies'],
    ['a format whose time grows with the square of the text', { format: 'url' }, 'url'],
    ['a format that is a program', { format: 'regex' }, 'regex'],
    ['more values than can be compared', { enum: Array.from({ length: 6_000 }, (_, n) => n) }, 'too large'],
    ['a pattern of many steps', { pattern: '[ab]{0,1000}c{1000}[ab]{0,1000}' }, 'too large'],
    ['a pattern that is only understood for long', { pattern: 'x{1000}'.repeat(1_000) }, 'too large'],
    [
      'patterns that nothing refers to',
      { $defs: Object.fromEntries(Array.from({ length: 9 }, (_, n) => [`d${n}`, { pattern: `${n}{900}` }])) },
      'too large',
    ],
    [
      'a pattern of many steps for names',
      { patternProperties: { 'a{1000}b{1000}c{1000}d{1000}e{1000}': true } },
      'too large',
    ],
  ])('given %s, then it is refused with the reason', (_, schema, reason) => {
    expect(() => new DataSchema(schema as Record<string, unknown>)).toThrow(SchemaRefused);
    expect(() => new DataSchema(schema as Record<string, unknown>)).toThrow(reason);
  });

  it('given a property by the name of a keyword, then what is below it counts', () => {
    const hidden = { properties: { const: doubling(12), enum: doubling(12) }, $defs: doubling(12).$defs };
    expect(() => new DataSchema(hidden)).toThrow('too large');
  });

  it('given a pattern that would take JavaScript for ever, then it is as quick as any', () => {
    const schema = new DataSchema({ properties: { text: { pattern: '^(a+)+$' } } });
    expect(schema.errors({ text: `${'a'.repeat(100_000)}!` })).toHaveLength(1);
  });

  it.each([
    ['name', { properties: Object.fromEntries(Array.from({ length: 400 }, (_, n) => [`p${n}`, { type: 'string' }])) }],
    ['value', { enum: Array.from({ length: 4_000 }, (_, n) => n) }],
    ['value in one', { const: Array.from({ length: 4_000 }, (_, n) => n) }],
    ['name that another needs', { dependentRequired: { a: Array.from({ length: 1_000 }, (_, n) => `${n}`) } }],
    ['step of a pattern', { pattern: '^[ab]{0,1000}[ab]{0,1000}$' }],
    ['comparison of items', { allOf: Array.from({ length: 40 }, () => ({ uniqueItems: true, maxItems: 100 })) }],
  ])('given a schema with more of one %s after another, then its events have to be smaller', (_, schema) => {
    expect(new DataSchema({}).maxEventBytes).toBe(MAX_EVENT_BYTES);
    expect(new DataSchema(schema).maxEventBytes).toBeLessThan(200_000);
  });

  it.each([
    ['date-time', '2026-01-15T10:20:30.', '0'],
    ['duration', 'P', '1'],
    ['email', 'a@', 'a-'],
    ['email', '', 'a.'],
    ['hostname', '', 'a.'],
    ['ipv6', '', ':1'],
    ['uri', 'http://', 'a'],
    ['uri', 'a:', '/%20'],
    ['uri-reference', '', 'a:@'],
    ['uri-template', '', '{a}'],
    ['json-pointer', '', '/~0'],
    ['relative-json-pointer', '0', '/a'],
    ['byte', '', 'AAAA'],
  ])(
    'given the format %s and the longest text there can be, then that fits or not, and soon',
    (format, start, more) => {
      const text = start + more.repeat(MAX_EVENT_BYTES / more.length);
      expect(new DataSchema({ properties: { text: { format } } }).errors({ text }).length).toBeLessThan(2);
    },
  );

  it('given any JSON, then it is a schema or refused, and nothing else happens', () => {
    const keyword = fc.constantFrom(
      '$async',
      '$ref',
      'dependencies',
      'items',
      'properties',
      'type',
      'allOf',
      'pattern',
      '$defs',
      'enum',
      'x',
    );
    const schema = fc.dictionary(fc.oneof(keyword, fc.string()), fc.oneof(fc.jsonValue(), fc.object()));
    fc.assert(
      fc.property(schema, fc.dictionary(fc.string(), fc.jsonValue()), (given, data) => {
        let made: DataSchema;
        try {
          made = new DataSchema(JSON.parse(JSON.stringify(given)) as Record<string, unknown>);
        } catch (error) {
          expect(error).toBeInstanceOf(SchemaRefused);
          return;
        }
        expect(Array.isArray(made.errors(data as Record<string, unknown>))).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});
