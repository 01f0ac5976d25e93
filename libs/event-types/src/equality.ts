import type { FuncKeywordDefinition } from 'ajv';

/** The keywords that compare values. ajv's own call `valueOf` and `toString` of both, which data may have as members. */
export const equality: FuncKeywordDefinition[] = [
  {
    keyword: 'const',
    compile: (wanted: unknown) => (value: unknown) => equal(wanted, value),
    error: { message: 'must be equal to constant' },
  },
  {
    keyword: 'enum',
    schemaType: 'array',
    compile: (allowed: readonly unknown[]) => (value: unknown) => allowed.some((one) => equal(one, value)),
    error: { message: 'must be equal to one of the allowed values' },
  },
  {
    keyword: 'uniqueItems',
    type: 'array',
    schemaType: 'boolean',
    compile: (unique: boolean) => (items: readonly unknown[]) =>
      !unique || items.every((item, at) => items.findIndex((other) => equal(item, other)) === at),
    error: { message: 'must NOT have duplicate items' },
  },
];

function equal(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, at) => equal(item, b[at]));
  if (!isObject(a) || !isObject(b)) return false;
  const names = Object.keys(a);
  return (
    names.length === Object.keys(b).length && names.every((name) => Object.hasOwn(b, name) && equal(a[name], b[name]))
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
