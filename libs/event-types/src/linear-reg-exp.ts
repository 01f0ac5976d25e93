import { RE2JS } from 're2js';
import { SchemaRefused } from './schema-cost.js';

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
    try {
      const compiled = RE2JS.compile(RE2JS.translateRegExp(pattern));
      return { test: (text) => compiled.test(text), toString: () => pattern };
    } catch {
      throw new SchemaRefused(
        `the pattern ${pattern} is not supported: patterns are those of RE2, without backreferences and lookarounds`,
      );
    }
  },
  // Only for schemas that are written out as code, which these are not.
  { code: 'linearRegExp' },
);
