import { SchemaRefused } from './schema-refused.js';

/** Schemas may be nested 32 deep, with two levels of JSON each; this leaves as many again for a value. */
const MAX_LEVELS = 96;

/**
 * What holds for a schema as any JSON, so that whatever reads it later may recurse, and PostgreSQL can store it. Does not recurse itself.
 * Throws `SchemaRefused`.
 */
export function requireStorable(schema: Readonly<Record<string, unknown>>): void {
  const left: [value: unknown, level: number][] = [[schema, 1]];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const [value, level] = next;
    if (typeof value === 'string') requireText(value);
    if (typeof value !== 'object' || value === null) continue;
    if (level > MAX_LEVELS)
      throw new SchemaRefused(`lists and objects in the schema may be nested ${MAX_LEVELS} deep; some are deeper`);
    for (const [name, member] of Object.entries(value)) {
      requireText(name);
      left.push([member, level + 1]);
    }
  }
}

function requireText(text: string): void {
  if (text.includes('\0'))
    throw new SchemaRefused('a text in the schema holds the NUL character, which cannot be stored');
  if (!text.isWellFormed())
    throw new SchemaRefused(
      'a text in the schema holds half of a surrogate pair (\\ud800 to \\udfff), which is no character',
    );
}
