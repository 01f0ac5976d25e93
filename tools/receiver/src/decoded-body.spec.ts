import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decodeBody } from './decoded-body.js';

const FORM = 'application/x-www-form-urlencoded';
const form = (text: string) => decodeBody(FORM, Buffer.from(text)).map(({ name, value }) => [name, value]);

describe('a form-encoded body', () => {
  it('given brackets, plus signs and UTF-8, shows names and values as they were', () => {
    expect(
      form('type=create&fields%5BCompany+name%5D=A+%26+B&fields[a]=Jos%C3%A9&interests%5B%5D=red+wine&e=&f'),
    ).toEqual([
      ['type', 'create'],
      ['fields[Company name]', 'A & B'],
      ['fields[a]', 'José'],
      ['interests[]', 'red wine'],
      ['e', ''],
      ['f', ''],
    ]);
  });

  it('given the form that URLSearchParams writes, reads back every pair', () => {
    const text = fc.string({ unit: 'grapheme' });
    fc.assert(
      fc.property(fc.array(fc.tuple(text, text), { minLength: 1 }), (sent) => {
        expect(form(new URLSearchParams(sent).toString())).toEqual(sent);
      }),
    );
  });

  it('given bytes that are not UTF-8, says so and shows them', () => {
    expect(form('mime=%ff%80a')).toEqual([['mime', '(3 bytes, not UTF-8) ÿ\x80a']]);
  });

  it('given nothing, has no field', () => {
    expect(form('')).toEqual([]);
  });
});

describe('a body of JSON or anything else', () => {
  it('given JSON, shows each value under its path', () => {
    const body = { type: 'invoice.paid', data: { lines: [{ n: 1 }, null], empty: {}, ok: true, text: 'ü' } };
    expect(decodeBody('application/json', Buffer.from(JSON.stringify(body)))).toEqual([
      { name: 'type', value: 'invoice.paid' },
      { name: 'data.lines.0.n', value: '1' },
      { name: 'data.lines.1', value: 'null' },
      { name: 'data.empty', value: '{}' },
      { name: 'data.ok', value: 'true' },
      { name: 'data.text', value: 'ü' },
    ]);
  });

  it('given any bytes of any type, shows something and throws nothing', () => {
    fc.assert(
      fc.property(
        fc.uint8Array(),
        fc.constantFrom(FORM, 'application/json', 'text/plain', undefined),
        (bytes, type) => {
          expect(() => decodeBody(type, Buffer.from(bytes))).not.toThrow();
        },
      ),
    );
  });
});
