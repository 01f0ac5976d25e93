import type { Cell, Column, Table } from './result.js';

/** For a terminal: numbers to the right, text to the left. */
export function textTable(table: Table): string {
  const rows = [table.columns.map(heading), ...texts(table)];
  const widths = table.columns.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  const right = numeric(table);
  const lines = rows.map((row) =>
    row
      .map((text, column) => (right[column] ? text.padStart(widths[column] ?? 0) : text.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
  return [table.title, '', ...lines.map((line) => `  ${line}`)].join('\n');
}

/** For a document. */
export function markdownTable(table: Table): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((text) => text.replaceAll('|', '\\|')).join(' | ')} |`;
  const rule = numeric(table).map((right) => (right ? '---:' : '---'));
  return [`**${table.title}**`, '', line(table.columns.map(heading)), line(rule), ...texts(table).map(line)].join('\n');
}

/** A column's name and unit. */
export function heading({ name, unit }: Column): string {
  return unit === undefined ? name : `${name} (${unit})`;
}

/** What stands in each cell. */
export function texts({ rows, columns }: Table): string[][] {
  return rows.map((row) => row.map((cell, column) => cellText(cell, columns[column]?.digits ?? 0)));
}

/** Which columns hold numbers. */
export function numeric({ columns, rows }: Table): boolean[] {
  return columns.map((_, column) => rows.some((row) => typeof row[column] === 'number'));
}

function cellText(cell: Cell, digits: number): string {
  if (cell === null) return '–';
  if (typeof cell === 'string') return cell;
  return cell.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
