import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { FORMATS } from './logfile-format.js';
import type { FormatName } from './logfile-format.js';

const columns = ['id', 'text'];

function write(format: FormatName, lines: (string | number)[][]): string {
  const { begin, line, end } = FORMATS[format];
  return begin(columns) + lines.map((values, index) => line(columns, values, index)).join('') + end;
}

/** A reader by RFC 4180. */
function readCsv(text: string): string[][] {
  const lines: string[][] = [];
  const line: string[] = [];
  for (const [, quoted, plain = '', end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)) {
    line.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end !== ',') lines.push(line.splice(0));
  }
  return lines;
}

describe('a logfile', () => {
  it('given any text, as CSV it is read back', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string(), fc.string({ unit: 'binary' }))), (lines) => {
        expect(readCsv(write('csv', lines))).toEqual(lines);
        expect(readCsv(write('header', lines))).toEqual([columns, ...lines]);
      }),
    );
  });

  it('given any text and numbers, as JSON it is read back', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string(), fc.oneof(fc.string(), fc.integer()))), (lines) => {
        expect(JSON.parse(write('json', lines))).toEqual(lines.map(([id, text]) => ({ id, text })));
      }),
    );
  });

  it('given what XML cannot hold, as XML it is escaped or replaced', () => {
    expect(write('xml', [[1, 'a<b>&"\r\n\0\ud800😀']])).toBe(
      '<?xml version="1.0" encoding="UTF-8"?>\n<records>\n' +
        '<record><id>1</id><text>a&lt;b&gt;&amp;"&#13;\n\ufffd\ufffd😀</text></record>\n</records>\n',
    );
  });
});
