import { isJsonObject } from '@postduif/contracts';

/** A schema that cannot be used. The message says why; it goes to whoever sent the schema. */
export class SchemaRefused extends Error {
  override readonly name = 'SchemaRefused';
}

/** Most schemas in one, those that `$ref` names counted at each place. */
export const MAX_COST = 500;
const MAX_DEPTH = 32;
/** More would be compared with each other. */
const MAX_UNIQUE_ITEMS = 100;

/** Keywords of JSON Schema 2020-12 whose value is a schema, a list of schemas, or schemas by name. */
const SCHEMAS = ['additionalProperties', 'contains', 'else', 'if', 'items', 'not', 'propertyNames', 'then'];
const UNEVALUATED = ['unevaluatedItems', 'unevaluatedProperties'];
const LISTS = ['allOf', 'anyOf', 'oneOf', 'prefixItems'];
const MAPS = ['dependentSchemas', 'patternProperties', 'properties'];
const DEFINITIONS = ['$defs', 'definitions'];
const REFUSED = ['$anchor', '$dynamicAnchor', '$dynamicRef', '$id', '$recursiveAnchor', '$recursiveRef', '$vocabulary'];

/**
 * How many schemas a value may be held against: the measure of what checking costs. A schema comes from a customer and is used in a
 * process that serves all of them, so there are no loops, nothing is loaded, and the whole is bounded. Throws `SchemaRefused`.
 */
export function costOf(schema: Readonly<Record<string, unknown>>): number {
  const costs = new Map<unknown, number | 'being counted'>();

  const count = (node: unknown, path: string, depth: number): number => {
    if (typeof node === 'boolean') return 1;
    if (!isJsonObject(node)) throw new SchemaRefused(`${path} is no schema: it must be an object or a boolean`);
    if (depth > MAX_DEPTH) throw new SchemaRefused(`schemas may be nested ${MAX_DEPTH} deep; ${path} is deeper`);
    const known = costs.get(node);
    if (known === 'being counted') throw new SchemaRefused(`${path} refers to itself; a schema may not be recursive`);
    if (known !== undefined) return known;
    costs.set(node, 'being counted');
    requireUsable(node, path);
    let cost = 1;
    for (const [part, where] of partsOf(node, path)) cost += count(part, where, depth + 1);
    if (node.$ref !== undefined) cost += count(resolve(schema, node.$ref, path), `${path}/$ref`, depth + 1);
    if (cost > MAX_COST)
      throw new SchemaRefused(
        `the schema is too large: it holds more than ${MAX_COST} schemas, those that $ref names counted at each place`,
      );
    costs.set(node, cost);
    return cost;
  };

  const cost = count(schema, '#', 0);
  // What nothing refers to costs nothing, but must be right.
  for (const [definition, where] of namedParts(schema, '#', DEFINITIONS)) count(definition, where, 1);
  return cost;
}

function requireUsable(node: Record<string, unknown>, path: string): void {
  const refused = REFUSED.find((keyword) => Object.hasOwn(node, keyword));
  if (refused !== undefined) throw new SchemaRefused(`${path}/${refused} is not supported; use $defs and $ref`);
  const { maxItems, uniqueItems } = node;
  if (uniqueItems === true && !(typeof maxItems === 'number' && maxItems <= MAX_UNIQUE_ITEMS))
    throw new SchemaRefused(`${path}/uniqueItems needs maxItems of at most ${MAX_UNIQUE_ITEMS} beside it`);
}

function* partsOf(node: Record<string, unknown>, path: string): Generator<[part: unknown, path: string]> {
  for (const keyword of [...SCHEMAS, ...UNEVALUATED])
    if (Object.hasOwn(node, keyword)) yield [node[keyword], `${path}/${keyword}`];
  for (const keyword of LISTS) {
    const list = node[keyword];
    if (Array.isArray(list)) for (const [index, part] of list.entries()) yield [part, `${path}/${keyword}/${index}`];
  }
  yield* namedParts(node, path, MAPS);
}

function* namedParts(
  node: Readonly<Record<string, unknown>>,
  path: string,
  keywords: readonly string[],
): Generator<[part: unknown, path: string]> {
  for (const keyword of keywords) {
    const map = node[keyword];
    if (isJsonObject(map)) for (const [name, part] of Object.entries(map)) yield [part, `${path}/${keyword}/${name}`];
  }
}

/** What a `$ref` names: only definitions of the schema itself. */
function resolve(schema: Readonly<Record<string, unknown>>, reference: unknown, path: string): unknown {
  const text = typeof reference === 'string' ? reference : '';
  const [, keyword = '', name = ''] = /^#\/(\$defs|definitions)\/([A-Za-z0-9_.-]+)$/.exec(text) ?? [];
  const definitions = schema[keyword];
  if (!isJsonObject(definitions) || !Object.hasOwn(definitions, name))
    throw new SchemaRefused(`${path}/$ref must name a definition of this schema, such as #/$defs/money`);
  return definitions[name];
}
