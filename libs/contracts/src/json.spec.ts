import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isJsonObject, isRawNumber, JsonError, MAX_JSON_DEPTH, parseJson } from './json.js';

const parse = (text: string): unknown => parseJson(Buffer.from(text));

describe('parseJson', () => {
  it('given any JSON, gives what was written', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 20 }), (text) => {
        expect(parse(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  it('given any bytes, parses them or throws a JsonError that does not repeat them', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        try {
          parseJson(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(JsonError);
          expect((error as JsonError).message).toMatch(/^(The text is not|The JSON is|A string holds)/);
        }
      }),
    );
  });

  it('given a secret in broken JSON, does not repeat it', () => {
    expect(() => parse('{"password":"hunter2",}')).toThrow(/^The text is not valid JSON at position 22\.$/);
    expect(() => parse('hunter2')).toThrow(/^The text is not valid JSON( at position \d+)?\.$/);
  });

  it('given a byte order mark, skips it', () => {
    expect(parse('\ufeff{"a":1}')).toEqual({ a: 1 });
  });

  it.each([
    ['an overlong form', [0x22, 0xc0, 0x80, 0x22]],
    ['a surrogate', [0x22, 0xed, 0xa0, 0x80, 0x22]],
    ['half a character', [0x22, 0xe2, 0x82, 0x22]],
    ['Latin-1', [0x22, 0xe9, 0x22]],
  ])('given %s, refuses it as not UTF-8', (_case, bytes) => {
    expect(() => parseJson(Uint8Array.from(bytes))).toThrow('The text is not UTF-8.');
  });

  it.each(['"\\ud800"', '{"\\udfff":1}', '[["\\ud800\\ud800\\udc00"]]'])('given %s, refuses half a pair', (text) => {
    expect(() => parse(text)).toThrow(/surrogate/);
  });

  it('given a whole pair or an escaped backslash, accepts them', () => {
    expect(parse('["\\ud83d\\ude00","\\\\ud800"]')).toEqual(['😀', '\\ud800']);
  });

  const arrays = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
  const objects = (depth: number): string => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;

  it.each([
    ['arrays', arrays],
    ['objects', objects],
  ])('given %s nested to the bound, accepts them, and refuses one more', (_kind, nested) => {
    expect(() => parse(nested(MAX_JSON_DEPTH))).not.toThrow();
    expect(() => parse(nested(MAX_JSON_DEPTH + 1))).toThrow(/deeper than 64/);
  });

  it('given millions of brackets, refuses them without exhausting the stack', () => {
    expect(() => parse('['.repeat(5_000_000))).toThrow(/deeper/);
    expect(() => parse('{"a":'.repeat(1_000_000))).toThrow(/deeper/);
  });

  it('given brackets within strings, does not count them', () => {
    const text = `"${'[{\\"'.repeat(1_000)}"`;
    expect(parse(text)).toBe(JSON.parse(text));
  });

  it.each(['1', '-1.5', '1e5', '1.0', '123456789012345', '9007199254740991', '0.30000000000000004', '0e99'])(
    'given %s, gives a number',
    (text) => {
      expect(parse(`[${text}]`)).toEqual([Number(text)]);
    },
  );

  it.each([
    '12345678901234567890',
    '9007199254740993',
    '0.1000000000000000055',
    '1e400',
    '-1e-400',
    '1.2345678901234567e2',
  ])('given %s, which a double does not hold, writes it again as it came', (text) => {
    const [value] = parse(`[${text}, "x"]`) as unknown[];
    expect(isRawNumber(value)).toBe(true);
    expect(JSON.stringify([value])).toBe(`[${text}]`);
    expect(isJsonObject(value)).toBe(false);
  });

  it('given such a number and the wish to round, gives a double', () => {
    expect(parseJson(Buffer.from('[18446744073709551617]'), { rounded: true })).toEqual([2 ** 64]);
  });

  it('given another bound, keeps to that', () => {
    expect(() => parseJson(Buffer.from(arrays(3)), { maxDepth: 3 })).not.toThrow();
    expect(() => parseJson(Buffer.from(arrays(4)), { maxDepth: 3 })).toThrow(/deeper than 3/);
  });

  it('given any double, gives exactly it', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const text = JSON.stringify(value);
        expect(JSON.stringify(parse(text))).toBe(text);
      }),
    );
  });

  it('given duplicate names, keeps the last', () => {
    expect(parse('{"a":1,"a":2}')).toEqual({ a: 2 });
  });
});
