import { describe, expect, it } from '@jest/globals';
import type { Table } from './result.js';
import { markdownTable, textTable } from './table.js';

const TABLE: Table = {
  title: 'Latency',
  columns: [{ name: 'case' }, { name: 'events' }, { name: 'p50', unit: 'ms', digits: 1 }],
  rows: [
    ['one|two', 12_345, 3.04],
    ['none', 0, null],
  ],
};

describe('a table', () => {
  it('in a terminal, has numbers at the right with their digits, and a dash where there is nothing', () => {
    expect(textTable(TABLE)).toBe(
      ['Latency', '', '  case     events  p50 (ms)', '  one|two  12,345       3.0', '  none          0         –'].join(
        '\n',
      ),
    );
  });

  it('in a document, is Markdown', () => {
    expect(markdownTable(TABLE)).toBe(
      [
        '**Latency**',
        '',
        '| case | events | p50 (ms) |',
        '| --- | ---: | ---: |',
        '| one\\|two | 12,345 | 3.0 |',
        '| none | 0 | – |',
      ].join('\n'),
    );
  });

  it('without rows, is its headings', () => {
    expect(textTable({ ...TABLE, rows: [] })).toBe('Latency\n\n  case  events  p50 (ms)');
  });
});
