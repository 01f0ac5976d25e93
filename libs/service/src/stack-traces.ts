import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { dirname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

type Payload = ConstructorParameters<typeof SourceMap>[0];
/** As text it is a line of a trace. */
type Frame = NodeJS.CallSite & { toString(): string };

/**
 * Lets stack traces name the sources of a program, by the source map beside it. `--enable-source-maps` of Node.js does so, too, but
 * goes through program and map at the start, which takes a quarter longer then; here the first trace does. The map is read now, as the next
 * build may replace it.
 */
export function traceSources(program: string): void {
  if (!existsSync(`${program}.map`)) return;
  const file = realpathSync(program);
  const url = pathToFileURL(file).href;
  const text = readFileSync(`${file}.map`, 'utf8');
  let map: Pick<SourceMap, 'findOrigin'> | undefined;
  const atSource = (frame: Frame): string => {
    const [line, column] = [frame.getLineNumber(), frame.getColumnNumber()];
    if (frame.getFileName() !== url || line === null || column === null) return frame.toString();
    map ??= read(text);
    const origin = map.findOrigin(line, column);
    if (!('fileName' in origin)) return frame.toString();
    const place = `${resolve(dirname(file), origin.fileName)}:${origin.lineNumber}:${origin.columnNumber}`;
    return frame.toString().replace(`${url}:${line}:${column}`, place);
  };
  Error.prepareStackTrace = (error, frames) =>
    [Error.prototype.toString.call(error), ...frames.map(atSource)].join('\n    at ');
}

/** One that cannot be read names nothing: to throw here would take the place of the error that is shown. */
function read(text: string): Pick<SourceMap, 'findOrigin'> {
  try {
    return new SourceMap(JSON.parse(text) as Payload);
  } catch {
    return { findOrigin: () => ({}) };
  }
}
