import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { BarPlot, LinePlot } from '../results/result.js';
import { ceiling, svgPlot } from './svg-plot.js';

const BARS: BarPlot = {
  kind: 'bars',
  title: 'A <b> & "c"',
  unit: 'ms',
  groups: ['one', 'two'],
  series: [
    { name: 'p50', values: [10, 20] },
    { name: 'p99', values: [50, null] },
  ],
  goal: 25,
};
const LINES: LinePlot = {
  kind: 'lines',
  title: 'Memory',
  unit: 'MiB',
  along: 'minute',
  series: [
    {
      name: 'delivery',
      points: [
        [0, 0],
        [5, 50],
        [10, 100],
      ],
    },
  ],
};

function attributes(svg: string, pattern: RegExp): number[] {
  return [...svg.matchAll(pattern)].map(([, value]) => Number(value));
}

describe('a plot', () => {
  it('of bars, has one for each value, as high as the value is, and says what it is', () => {
    const svg = svgPlot(BARS);
    const heights = attributes(svg, /height="([\d.]+)" fill="[^"]+"><title>/g);
    expect(heights).toHaveLength(4);
    expect(heights[2]! / heights[0]!).toBeCloseTo(2, 1);
    expect(heights[1]! / heights[0]!).toBeCloseTo(5, 1);
    expect(heights[3]).toBe(0);
    expect(svg).toContain('<title>two, p50: 20 ms</title>');
    expect(svg).toContain('class="goal"');
  });

  it('of lines, goes from the lower left to the upper right of what is measured', () => {
    const [points = ''] = [...svgPlot(LINES).matchAll(/points="([^"]+)"/g)].map(([, found]) => found);
    const [first, middle, last] = points.split(' ').map((point) => point.split(',').map(Number));
    expect(middle![0]).toBeCloseTo((first![0]! + last![0]!) / 2, 0);
    expect(middle![1]).toBeCloseTo((first![1]! + last![1]!) / 2, 0);
    expect(last![1]).toBeLessThan(first![1]!);
  });

  it('of any plot, names no number that is not one, and escapes what it is given', () => {
    const nothing: LinePlot = { ...LINES, series: [{ name: 'flat', points: [[1, 0]] }] };
    for (const plot of [BARS, LINES, nothing]) expect(svgPlot(plot)).not.toMatch(/NaN|Infinity/);
    expect(svgPlot(BARS)).toContain('A &lt;b&gt; &amp; &quot;c&quot;');
  });
});

describe('the top of a scale', () => {
  it('is a round number that is not below any value and less than three times as high', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-6, max: 1e9, noNaN: true }), (value) => {
        expect(ceiling(value)).toBeGreaterThanOrEqual(value);
        expect(ceiling(value)).toBeLessThanOrEqual(value * 2.5 * 1.0001);
      }),
    );
    expect([ceiling(0), ceiling(7), ceiling(210)]).toEqual([1, 10, 250]);
  });
});
