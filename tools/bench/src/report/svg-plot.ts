import type { BarPlot, LinePlot, Plot } from '../results/result.js';

/** Draws plots as SVG that needs nothing beside it, in light and dark. */

const WIDTH = 720;
const HEIGHT = 300;
const AREA = { left: 64, right: 16, top: 40, bottom: 62 };
const PLOT_WIDTH = WIDTH - AREA.left - AREA.right;
const PLOT_HEIGHT = HEIGHT - AREA.top - AREA.bottom;
const BASE = HEIGHT - AREA.bottom;
const TICKS = 5;
const BAR_GAP = 0.25;
/** Apart in hue and in lightness, so that they are also told apart by those who see few colours. */
const COLOURS = [
  '#2f6fb5',
  '#e0892b',
  '#3a9a5b',
  '#b84a62',
  '#8464b5',
  '#7d6b5d',
  '#c96bb0',
  '#6f7c85',
  '#a8a032',
  '#3fa7b5',
];
const STYLE = `<style>
  text { font: 12px system-ui, sans-serif; fill: #333 }
  .title { font-size: 14px; font-weight: 600 }
  .grid { stroke: #8884; stroke-width: 1 }
  .goal { stroke: #333; stroke-width: 1.5; stroke-dasharray: 5 4 }
  polyline { fill: none; stroke-width: 1.8 }
  @media (prefers-color-scheme: dark) { text { fill: #ddd } .goal { stroke: #ddd } }
</style>`;

export function svgPlot(plot: Plot): string {
  const names = plot.series.map(({ name }) => name);
  const body = plot.kind === 'bars' ? bars(plot) : lines(plot);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escaped(plot.title)}">`,
    STYLE,
    text(plot.title, AREA.left, 18, 'class="title"'),
    ...body,
    ...legend(names),
    '</svg>',
  ].join('\n');
}

function bars(plot: BarPlot): string[] {
  const { groups, series, goal, unit } = plot;
  const values = series.flatMap(({ values }) => values.filter((value) => value !== null));
  const top = ceiling(Math.max(0, goal ?? 0, ...values));
  const groupWidth = PLOT_WIDTH / groups.length;
  const barWidth = (groupWidth * (1 - BAR_GAP)) / series.length;
  const drawn = groups.flatMap((group, place) => {
    const left = AREA.left + place * groupWidth + (groupWidth * BAR_GAP) / 2;
    const rectangles = series.map(({ name, values }, index) => {
      const value = values[place] ?? 0;
      const height = (value / top) * PLOT_HEIGHT;
      const box = `x="${round(left + index * barWidth)}" y="${round(BASE - height)}" width="${round(barWidth * 0.92)}" height="${round(height)}"`;
      return `<rect ${box} fill="${colour(index)}"><title>${escaped(`${group}, ${name}: ${short(value)} ${unit}`)}</title></rect>`;
    });
    return [...rectangles, text(group, left + (groupWidth * (1 - BAR_GAP)) / 2, BASE + 16, 'text-anchor="middle"')];
  });
  return [...scale(top, unit), ...drawn, ...(goal === undefined ? [] : [goalLine(goal, top)])];
}

function lines(plot: LinePlot): string[] {
  const { series, unit, along } = plot;
  const points = series.flatMap(({ points }) => points);
  const [from, to] = [Math.min(...points.map(([x]) => x)), Math.max(...points.map(([x]) => x))];
  const top = ceiling(Math.max(0, ...points.map(([, y]) => y)));
  const across = (x: number): number => AREA.left + ((x - from) / Math.max(to - from, Number.MIN_VALUE)) * PLOT_WIDTH;
  const up = (y: number): number => BASE - (y / top) * PLOT_HEIGHT;
  const drawn = series.map(({ points }, index) => {
    const path = points.map(([x, y]) => `${round(across(x))},${round(up(y))}`).join(' ');
    return `<polyline points="${path}" stroke="${colour(index)}"/>`;
  });
  const marks = Array.from({ length: TICKS + 1 }, (_, tick) => from + (tick * (to - from)) / TICKS);
  return [
    ...scale(top, unit),
    ...drawn,
    ...marks.map((mark) => text(short(mark), across(mark), BASE + 16, 'text-anchor="middle"')),
    text(along, AREA.left + PLOT_WIDTH / 2, BASE + 32, 'text-anchor="middle"'),
  ];
}

function scale(top: number, unit: string): string[] {
  const ticks = Array.from({ length: TICKS + 1 }, (_, tick) => (tick * top) / TICKS);
  return ticks.flatMap((tick, index) => {
    const y = round(BASE - (tick / top) * PLOT_HEIGHT);
    const label = index === TICKS ? `${short(tick)} ${unit}` : short(tick);
    return [
      `<line class="grid" x1="${AREA.left}" x2="${WIDTH - AREA.right}" y1="${y}" y2="${y}"/>`,
      text(label, AREA.left - 6, y + 4, 'text-anchor="end"'),
    ];
  });
}

function goalLine(goal: number, top: number): string {
  const y = round(BASE - (goal / top) * PLOT_HEIGHT);
  return `<line class="goal" x1="${AREA.left}" x2="${WIDTH - AREA.right}" y1="${y}" y2="${y}"><title>goal: ${short(goal)}</title></line>`;
}

function legend(names: readonly string[]): string[] {
  const widths = names.map((name) => 24 + name.length * 7);
  return names.flatMap((name, index) => {
    const x = AREA.left + widths.slice(0, index).reduce((sum, width) => sum + width, 0);
    const box = `<rect x="${x}" y="${HEIGHT - 18}" width="11" height="11" fill="${colour(index)}"/>`;
    return [box, text(name, x + 16, HEIGHT - 8)];
  });
}

/** The least of 1, 2 and 5 times a power of ten that is not below `value`. */
export function ceiling(value: number): number {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const factor = [1, 2, 2.5, 5, 10].find((candidate) => candidate * power >= value) ?? 10;
  return factor * power;
}

function text(content: string, x: number, y: number, attributes = ''): string {
  return `<text x="${round(x)}" y="${round(y)}" ${attributes}>${escaped(content)}</text>`;
}

function colour(index: number): string {
  return COLOURS[index % COLOURS.length] ?? '';
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function short(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: value < 10 ? 2 : 0 });
}

/** For text and attributes of XML and HTML. */
export function escaped(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
