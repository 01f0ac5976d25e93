/**
 * JSON as events come in and lie on topics (RFC 8259), read without losing anything: what `JSON.parse` would round or replace silently
 * is kept or refused. Services that pass an event on read it with this.
 */

/** Deepest nesting of arrays and objects. Deeper JSON could exhaust the stack of whoever reads it. */
export const MAX_JSON_DEPTH = 64;
/** The same for the data of an event that comes without its event around it. */
export const MAX_DATA_DEPTH = MAX_JSON_DEPTH - 1;

/** The message says what is wrong; it never repeats the input. */
export class JsonError extends Error {
  override readonly name = 'JsonError';
}

/** A number that a double cannot hold exactly. `JSON.stringify` writes it as it came. */
export interface RawNumber {
  readonly rawJSON: string;
}

/** In Node since version 21 (TC39, "JSON.parse source text access"); TypeScript does not declare it yet. */
const exactJson = JSON as unknown as {
  rawJSON(text: string): RawNumber;
  isRawJSON(value: unknown): value is RawNumber;
  parse(
    text: string,
    reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown,
  ): unknown;
};

export function isRawNumber(value: unknown): value is RawNumber {
  return exactJson.isRawJSON(value);
}

/** True for what JSON calls an object. */
export function isJsonObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isRawNumber(value);
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

export interface JsonOptions {
  /** Deepest nesting of arrays and objects; default `MAX_JSON_DEPTH`. */
  readonly maxDepth?: number;
  /** Numbers that a double cannot hold are rounded to one; by default they become a `RawNumber`. */
  readonly rounded?: boolean;
}

/**
 * Parses UTF-8 (a byte order mark is allowed). Throws `JsonError` on anything that is not JSON, is not UTF-8, is nested too deep, or holds
 * half a surrogate pair.
 */
export function parseJson(
  bytes: Uint8Array,
  { maxDepth = MAX_JSON_DEPTH, rounded = false }: JsonOptions = {},
): unknown {
  const text = decode(bytes);
  const { depth, exact } = scan(text);
  if (depth > maxDepth) throw new JsonError(`The JSON is nested deeper than ${maxDepth} levels.`);
  const value = parse(text, rounded || exact);
  if (/\\u[dD][89a-fA-F]/.test(text) && !isWellFormed(value))
    throw new JsonError('A string holds half of a surrogate pair (\\ud800 to \\udfff), which is no character.');
  return value;
}

function decode(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch (error) {
    throw new JsonError('The text is not UTF-8.', { cause: error });
  }
}

function parse(text: string, asDoubles: boolean): unknown {
  try {
    if (asDoubles) return JSON.parse(text);
    return exactJson.parse(text, (_key, value, { source }) =>
      typeof value === 'number' && source !== undefined && !isExact(source) ? exactJson.rawJSON(source) : value,
    );
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    // The engine's own message may repeat what was sent. Only the position is taken from it.
    const position = / at position \d+/.exec(error.message)?.[0] ?? '';
    throw new JsonError(`The text is not valid JSON${position}.`);
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const MINUS = 0x2d;

/** One look at the text outside its strings. Right for valid JSON; what is not valid fails in the parser. */
function scan(text: string): { depth: number; exact: boolean } {
  let depth = 0;
  let deepest = 0;
  let exact = true;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = endOfString(text, at);
    else if (code === 0x7b || code === 0x5b) deepest = Math.max(deepest, ++depth);
    else if (code === 0x7d || code === 0x5d) depth--;
    else if (code === MINUS || (code >= 0x30 && code <= 0x39)) {
      const end = endOfNumber(text, at);
      exact &&= isExact(text.slice(at, end));
      at = end - 1;
    }
  }
  return { depth: deepest, exact };
}

function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end !== -1 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end === -1 ? text.length : end;
}

function isEscaped(text: string, at: number): boolean {
  let backslashes = 0;
  while (text.charCodeAt(at - 1 - backslashes) === BACKSLASH) backslashes++;
  return backslashes % 2 === 1;
}

function endOfNumber(text: string, start: number): number {
  let end = start + 1;
  while (end < text.length && /[-+.0-9eE]/.test(text.charAt(end))) end++;
  return end;
}

/** Does the number survive as a double? Fifteen significant digits do, within its range. */
function isExact(source: string): boolean {
  if (source.length <= 15 && !/[eE]/.test(source)) return true;
  const value = Number(source);
  if (!Number.isFinite(value)) return false;
  const digits = source
    .replace(/[eE].*/, '')
    .replace(/[-.]/g, '')
    .replace(/^0+/, '');
  if (digits.length <= 15) return value !== 0 || digits === '';
  return String(value) === source;
}

/** Recursion is bounded by `maxDepth`. */
function isWellFormed(value: unknown): boolean {
  if (typeof value === 'string') return value.isWellFormed();
  if (typeof value !== 'object' || value === null) return true;
  return Object.entries(value).every(([name, member]) => name.isWellFormed() && isWellFormed(member));
}
