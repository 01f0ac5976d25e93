import { RE2JS } from 're2js';
import { SchemaRefused } from './schema-refused.js';

/** As ajv takes it. */
interface Pattern {
  test(text: string): boolean;
  /** Tells patterns apart. */
  toString(): string;
}

/**
 * A pattern of a schema as RE2, whose time grows with the text only: patterns are customers', and JavaScript's own may take for ever.
 * Throws `SchemaRefused` for one that RE2 has not: backreferences and looking around.
 */
export const linearRegExp = Object.assign(
  (pattern: string): Pattern => {
    const compiled = compile(pattern);
    return { test: (text) => compiled.test(text), toString: () => pattern };
  },
  // Only for schemas that are written out as code, which these are not.
  { code: 'linearRegExp' },
);

/** RE2 repeats nothing more often, also by repetitions within each other. */
const MOST_REPEATS = 1_000;
/** How RE2 complains of `\1`, `(?=`, `(?!`, and `(?<=` and `(?<!`. */
const JAVASCRIPT_ONLY = /^invalid (escape sequence: `\\[1-9]|(or unsupported Perl syntax|named capture): `\(\?<?[=!])/;
/** A pattern that may have more is not looked at. */
const MOST_STEPS = 200_000;

/**
 * Steps of a pattern, or its characters if they are more: for each character of a text it may take as many. Throws `SchemaRefused` as
 * `linearRegExp` does.
 */
export function patternSize(pattern: string): number {
  const counts = [...pattern.matchAll(/\{(?:\d+,)?(\d+),?\}/g)].map(([, count]) => Math.max(1, Number(count)));
  const most =
    pattern.length *
    Math.min(
      MOST_REPEATS,
      counts.reduce((product, count) => product * count, 1),
    );
  return most > MOST_STEPS ? most : Math.max(pattern.length, compile(pattern).programSize());
}

function compile(pattern: string): RE2JS {
  try {
    return RE2JS.compile(RE2JS.translateRegExp(pattern));
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^error parsing regexp: /, '') : String(error);
    const known = JAVASCRIPT_ONLY.test(reason) ? '; RE2 has no backreferences and lookarounds' : '';
    throw new SchemaRefused(`the pattern ${pattern} cannot be read: ${reason}${known}`);
  }
}
