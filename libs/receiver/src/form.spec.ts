import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decodeForm } from './index.js';

const texts = (body: string): [string, string][] =>
  decodeForm(Buffer.from(body)).map(([name, value]) => [name, value.toString()]);

describe('decoding a form', () => {
  it.each<[string, [string, string][]]>([
    ['', []],
    [
      'a=1&b=2',
      [
        ['a', '1'],
        ['b', '2'],
      ],
    ],
    [
      'a=&b&=c',
      [
        ['a', ''],
        ['b', ''],
        ['', 'c'],
      ],
    ],
    ['&&a=1&', [['a', '1']]],
    ['a=b=c', [['a', 'b=c']]],
    ['a+b=c+%2B+d', [['a b', 'c + d']]],
    ['fields%5Bé%5D=%C3%a9', [['fields[é]', 'é']]],
    [
      'a=%&b=%4&c=%zz&d=100%25',
      [
        ['a', '%'],
        ['b', '%4'],
        ['c', '%zz'],
        ['d', '100%'],
      ],
    ],
  ])('given %j, then its pairs are read', (body, pairs) => {
    expect(texts(body)).toEqual(pairs);
  });

  it('given every byte, then the value is those bytes', () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    const escaped = Array.from(bytes, (byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
    expect(decodeForm(Buffer.from(`a=1&mime=${escaped}`))).toEqual([
      ['a', Buffer.from('1')],
      ['mime', bytes],
    ]);
  });

  it('given a part of a larger buffer, then only that is read', () => {
    expect(decodeForm(new Uint8Array(Buffer.from('xxa=1xx')).subarray(2, 5))).toEqual([['a', Buffer.from('1')]]);
  });

  it('given anything, then it reads what the parser of the web platform reads', () => {
    const unit = fc.constantFrom('%', '&', '=', '+', '[', ']', '2', 'f', 'A', '%5B', '%C3%A9', '%00', ' ');
    fc.assert(
      fc.property(fc.string({ unit }), (body) => {
        expect(texts(body)).toEqual([...new URLSearchParams(body)]);
      }),
      { numRuns: 500 },
    );
  });
});
