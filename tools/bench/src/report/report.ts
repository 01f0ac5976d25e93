import type { Machine, Result, Table } from '../results/result.js';
import { heading, markdownTable, numeric, texts } from '../results/table.js';
import { escaped, svgPlot } from './svg-plot.js';

/** The results as one page, with everything in it. */
export function htmlReport(results: readonly Result[]): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Postduif: benchmark</title>
<style>
  body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
  table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 13px }
  th, td { padding: .25rem .6rem; border-bottom: 1px solid #8886; text-align: left }
  .number { text-align: right }
  .table { overflow-x: auto; margin: 1rem 0 }
  caption { text-align: left; padding: .3rem 0; font-weight: 600 }
  svg { width: 100%; height: auto; margin: 1rem 0 }
  .broken { color: #c00 }
</style>
</head>
<body>
<h1>Postduif: benchmark</h1>
<nav>${results.map(({ scenario }) => `<a href="#${scenario}">${scenario}</a>`).join(' · ')}</nav>
${results.map(htmlSection).join('\n')}
</body>
</html>
`;
}

/** Tables as Markdown, with plots as files beside it: what a document in the repository takes over. */
export function markdownReport(results: readonly Result[]): string {
  return results
    .map((result) => [
      `## ${result.title}`,
      `\`${result.command}\`, ${circumstances(result)}`,
      ...result.broken.map((promise) => `**Broken: ${promise}**`),
      ...result.tables.map(markdownTable),
      ...result.plots.map((plot, index) => `![${plot.title}](${plotFile(result, index)})`),
    ])
    .map((parts) => parts.join('\n\n'))
    .join('\n\n')
    .concat('\n');
}

/** The plots of a result: file name and SVG. */
export function plotFiles(result: Result): [name: string, svg: string][] {
  return result.plots.map((plot, index) => [plotFile(result, index), svgPlot(plot)]);
}

function plotFile({ scenario }: Result, index: number): string {
  return `${scenario}-${index + 1}.svg`;
}

function htmlSection(result: Result): string {
  return [
    `<h2 id="${result.scenario}">${escaped(result.title)}</h2>`,
    `<p><code>${escaped(result.command)}</code>, ${escaped(circumstances(result))}</p>`,
    ...result.broken.map((promise) => `<p class="broken">Broken: ${escaped(promise)}</p>`),
    ...result.tables.map(htmlTable),
    ...result.plots.map(svgPlot),
  ].join('\n');
}

function htmlTable(table: Table): string {
  const right = numeric(table);
  const row = (tag: string, cells: readonly string[]): string =>
    `<tr>${cells.map((cell, column) => `<${tag}${right[column] ? ' class="number"' : ''}>${escaped(cell)}</${tag}>`).join('')}</tr>`;
  return `<div class="table"><table><caption>${escaped(table.title)}</caption>
<thead>${row('th', table.columns.map(heading))}</thead>
<tbody>${texts(table)
    .map((cells) => row('td', cells))
    .join('\n')}</tbody></table></div>`;
}

function circumstances({ at, seconds, commit, machine }: Result): string {
  return `${at.slice(0, 16).replace('T', ' ')} UTC, ${seconds} s, commit ${commit}, on ${describe(machine)}`;
}

function describe({ cpu, cpus, memoryGiB, system, node, kafka, postgres, loadBefore }: Machine): string {
  return (
    `${cpus} cores of ${cpu}, ${memoryGiB} GiB, ${system}, Node.js ${node}, Kafka ${kafka}, PostgreSQL ${postgres}, ` +
    `load before ${loadBefore.toFixed(1)}`
  );
}
