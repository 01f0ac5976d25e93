import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readCopy } from '../testing/copy-reader.js';
import { CopyRows, storable } from './copy-rows.js';

/** Any UTF-16, with what breaks text formats well represented. */
const anyText = fc.string({
  unit: fc.oneof(
    fc.constantFrom('\t', '\n', '\r', '\\', '\\N', '\0', '\ud800', '\udfff', '"', 'é', '😀'),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 3 }),
  ),
});

describe('CopyRows', () => {
  it('writes any text so that it reads back as its storable form', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(anyText, fc.option(anyText)), { maxLength: 30 }), (texts) => {
        const rows = new CopyRows(2, 0);
        for (const [first, second] of texts) rows.begin().text(first).text(second);
        const read = readCopy(rows.finish()).map((row) => row.map((field) => field?.toString('utf8') ?? null));
        expect(read).toEqual(
          texts.map(([first, second]) => [storable(first), second === null ? null : storable(second)]),
        );
        expect(rows.rows).toBe(texts.length);
      }),
    );
  });

  it('writes any bytes as they are', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 5_000 }), { maxLength: 5 }), (values) => {
        const rows = new CopyRows(1, 0);
        for (const value of values) rows.begin().bytes(value);
        expect(readCopy(rows.finish()).map(([field]) => [...(field ?? [])])).toEqual(values.map((value) => [...value]));
      }),
    );
  });

  it('writes numbers and times in network order', () => {
    fc.assert(
      fc.property(fc.integer(), fc.maxSafeInteger(), fc.date({ noInvalidDate: true }), (small, large, date) => {
        const rows = new CopyRows(3).begin().integer(small).bigint(large).timestamp(date.getTime());
        const [row] = readCopy(rows.finish());
        expect(row?.[0]?.readInt32BE()).toBe(small);
        expect(row?.[1]?.readBigInt64BE()).toBe(BigInt(large));
        expect(row?.[2]?.readBigInt64BE()).toBe(BigInt(date.getTime() - Date.UTC(2000, 0, 1)) * 1_000n);
      }),
    );
  });

  it('writes absent values as NULL', () => {
    const rows = new CopyRows(3).begin().text(undefined).integer(null).bigint(undefined);
    expect(readCopy(rows.finish())).toEqual([[null, null, null]]);
  });
});

describe('storable', () => {
  it('leaves nothing that PostgreSQL refuses, and is stable', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const stored = storable(text);
        expect(stored).not.toContain('\0');
        expect(Buffer.from(stored, 'utf8').toString('utf8')).toBe(stored);
        expect(storable(stored)).toBe(stored);
      }),
    );
  });
});
