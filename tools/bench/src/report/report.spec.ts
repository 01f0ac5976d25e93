import { describe, expect, it } from '@jest/globals';
import type { Result } from '../results/result.js';
import { htmlReport, markdownReport, plotFiles } from './report.js';

const RESULT: Result = {
  scenario: 'latency',
  title: 'Latency <1 s',
  command: 'npm run bench -- latency',
  at: '2026-01-15T10:20:30.000Z',
  seconds: 95,
  commit: 'abc1234+',
  machine: {
    cpu: 'A CPU',
    cpus: 2,
    memoryGiB: 8,
    system: 'linux 6.1',
    node: 'v24.21.0',
    kafka: '4.3.1',
    postgres: '18.4',
    loadBefore: 0.04,
  },
  tables: [
    {
      title: 'A table',
      columns: [{ name: 'case' }, { name: 'p50', unit: 'ms', digits: 1 }],
      rows: [['<none>', 3.25]],
    },
  ],
  plots: [{ kind: 'bars', title: 'A plot', unit: 'ms', groups: ['none'], series: [{ name: 'p50', values: [3.25] }] }],
  broken: ['2 events lost'],
};

describe('the report of a benchmark', () => {
  it('as a page, holds tables, plots, what was broken and where it was run, and needs nothing else', () => {
    const page = htmlReport([RESULT]);
    expect(page).toContain('Latency &lt;1 s');
    expect(page).toContain('<td>&lt;none&gt;</td><td class="number">3.3</td>');
    expect(page).toContain('<title>none, p50: 3.25 ms</title>');
    expect(page).toContain('Broken: 2 events lost');
    expect(page).toContain('commit abc1234+, on 2 cores of A CPU, 8 GiB');
    expect(page).not.toMatch(/(src|href)="(?!#)/);
    expect(page).not.toMatch(/@import|url\(/);
  });

  it('as Markdown, refers to the plots that are written beside it', () => {
    const text = markdownReport([RESULT]);
    const [[file, svg] = ['', '']] = plotFiles(RESULT);
    expect(text).toContain('| <none> | 3.3 |');
    expect(text).toContain(`![A plot](${file})`);
    expect(svg).toMatch(/^<svg /);
  });
});
