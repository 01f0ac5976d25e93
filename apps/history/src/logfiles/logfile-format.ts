import type { LogValue } from './logfile-kinds.js';

export type Line = readonly LogValue[];

/** How a logfile is written out. */
export interface LogfileFormat {
  readonly contentType: string;
  begin(columns: readonly string[]): string;
  line(columns: readonly string[], line: Line, index: number): string;
  readonly end: string;
}

/** RFC 4180: what holds a comma, a quote or a line break is quoted. */
function csv(header: boolean): LogfileFormat {
  const write = (values: Line): string => `${values.map(csvField).join(',')}\r\n`;
  return {
    contentType: `text/csv; charset=utf-8; header=${header ? 'present' : 'absent'}`,
    begin: (columns) => (header ? write(columns) : ''),
    line: (_columns, line) => write(line),
    end: '',
  };
}

function csvField(value: LogValue): string {
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** An array of flat objects; numbers are numbers. */
const json: LogfileFormat = {
  contentType: 'application/json',
  begin: () => '[',
  line: (columns, line, index) =>
    `${index === 0 ? '' : ','}\n${JSON.stringify(Object.fromEntries(columns.map((name, at) => [name, line[at]])))}`,
  end: '\n]\n',
};

const xml: LogfileFormat = {
  contentType: 'application/xml; charset=utf-8',
  begin: () => '<?xml version="1.0" encoding="UTF-8"?>\n<records>\n',
  line: (columns, line) => {
    const fields = columns.map((name, at) => `<${name}>${xmlText(String(line[at]))}</${name}>`);
    return `<record>${fields.join('')}</record>\n`;
  },
  end: '</records>\n',
};

/** XML 1.0 has no way to write most control characters. */
function xmlText(text: string): string {
  return text
    .toWellFormed()
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('\r', '&#13;');
}

export const FORMATS = { csv: csv(false), header: csv(true), json, xml } as const satisfies Record<
  string,
  LogfileFormat
>;
export type FormatName = keyof typeof FORMATS;
