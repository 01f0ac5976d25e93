import { describe, expect, it } from '@jest/globals';
import type { IHeaders } from 'kafkajs';
import { readHeaders } from './record-headers.js';

describe('the headers of a record', () => {
  it('given texts, are those, to be read and to be passed on', () => {
    const { texts, exact } = readHeaders({ a: Buffer.from('ü'), b: Buffer.from('\uFFFD'), c: Buffer.alloc(0) });
    expect(texts).toEqual({ a: 'ü', b: '\uFFFD', c: '' });
    expect(exact).toBe(texts);
    expect(readHeaders(undefined)).toEqual({ texts: {}, exact: {} });
  });

  it('given bytes that are no text, and repeats, are passed on as they came', () => {
    const bytes = Buffer.from([0xff, 0x00, 0x80]);
    const { texts, exact } = readHeaders({
      a: Buffer.from('1'),
      b: bytes,
      c: [Buffer.from('2'), bytes, Buffer.from('3')],
    });
    expect(texts).toMatchObject({ a: '1', c: '3' });
    expect(exact).toEqual({ a: '1', b: [bytes], c: [Buffer.from('2'), bytes, Buffer.from('3')] });
  });

  it('given a header without a value, are read without it, and passed on with an empty one', () => {
    const given = { a: null, b: [Buffer.from('1'), null] } as unknown as IHeaders;
    expect(readHeaders(given)).toEqual({
      texts: {},
      exact: { a: [Buffer.alloc(0)], b: [Buffer.from('1'), Buffer.alloc(0)] },
    });
  });
});
