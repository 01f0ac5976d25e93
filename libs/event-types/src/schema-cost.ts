import { isJsonObject } from '@postduif/contracts';
import { patternSize } from './linear-reg-exp.js';
import { SchemaRefused } from './schema-refused.js';

/** Most schemas in one, those that `$ref` names counted at each place. */
export const MAX_COST = 500;
const MAX_DEPTH = 32;
/** More would be compared with each other. */
const MAX_UNIQUE_ITEMS = 100;
/** So many values that are compared, or steps of a pattern, cost as much as a schema. */
const PER_SCHEMA = 10;

/** Keywords of JSON Schema 2020-12 whose value is a schema, a list of schemas, or schemas by name. */
const SCHEMAS = ['additionalProperties', 'contains', 'else', 'if', 'items', 'not', 'propertyNames', 'then'];
const UNEVALUATED = ['unevaluatedItems', 'unevaluatedProperties'];
const LISTS = ['allOf', 'anyOf', 'oneOf', 'prefixItems'];
const MAPS = ['dependentSchemas', 'patternProperties', 'properties'];
const DEFINITIONS = ['$defs', 'definitions'];
/** ajv passes over what these say of it. */
const UNSAID = '__proto__';
const SILENT = ['patternProperties', 'properties'];
/** Those that name schemas, beside `$ref`. */
const NAMING = ['$anchor', '$dynamicAnchor', '$dynamicRef', '$id', '$recursiveAnchor', '$recursiveRef'];
const DIALECT = 'https://json-schema.org/draft/2020-12/schema';
/** Its other keywords. */
const OTHERS = [
  ...['$comment', '$ref', '$schema', 'const', 'contentEncoding', 'contentMediaType', 'contentSchema', 'default'],
  ...['dependentRequired', 'deprecated', 'description', 'enum', 'examples', 'exclusiveMaximum', 'exclusiveMinimum'],
  ...[
    'format',
    'maxContains',
    'maxItems',
    'maxLength',
    'maxProperties',
    'maximum',
    'minContains',
    'minItems',
    'minLength',
  ],
  ...['minProperties', 'minimum', 'multipleOf', 'pattern', 'readOnly', 'required', 'title', 'type', 'uniqueItems'],
  'writeOnly',
];
/** ajv knows more: `dependencies` holds schemas that would not be counted, and `$async` makes promises of answers. */
const KEYWORDS = new Set([...SCHEMAS, ...UNEVALUATED, ...LISTS, ...MAPS, ...DEFINITIONS, ...OTHERS]);

/**
 * How many schemas a value may be held against: the measure of what checking costs. A schema comes from a customer and is used in a
 * process that serves all of them, so there are no loops, nothing is loaded, and the whole is bounded: also by the size of patterns, and
 * by how many values there are to compare with. Throws `SchemaRefused`.
 */
export function costOf(schema: Readonly<Record<string, unknown>>): number {
  const costs = new Map<unknown, number | 'being counted'>();
  let compared = 0;

  const count = (node: unknown, path: string, depth: number): number => {
    if (typeof node === 'boolean') return 1;
    if (!isJsonObject(node)) throw new SchemaRefused(`${path} is no schema: it must be an object or a boolean`);
    if (depth > MAX_DEPTH) throw new SchemaRefused(`schemas may be nested ${MAX_DEPTH} deep; ${path} is deeper`);
    const known = costs.get(node);
    if (known === 'being counted') throw new SchemaRefused(`${path} refers to itself; a schema may not be recursive`);
    if (known !== undefined) return known;
    costs.set(node, 'being counted');
    requireUsable(node, path);
    const comparisons = comparisonsIn(node);
    compared += comparisons;
    let cost = 1 + Math.floor(comparisons / PER_SCHEMA);
    for (const [part, where] of partsOf(node, path)) cost += count(part, where, depth + 1);
    if (node.$ref !== undefined) cost += count(resolve(schema, node.$ref, path), `${path}/$ref`, depth + 1);
    // What nothing refers to is not part of the cost, but has to be understood.
    if (cost > MAX_COST || compared > MAX_COST * PER_SCHEMA)
      throw new SchemaRefused(
        `the schema is too large: it holds more than ${MAX_COST} schemas, those that $ref names counted at each place, and for every ` +
          `${PER_SCHEMA} values to compare with, or steps of a pattern, one more`,
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
  const { $schema = DIALECT } = node;
  if (path === '#' && $schema !== DIALECT && $schema !== `${DIALECT}#`)
    throw new SchemaRefused(`#/$schema must be ${DIALECT} or left out: schemas are read as JSON Schema 2020-12`);
  const refused = Object.keys(node).find((keyword) => !KEYWORDS.has(keyword));
  if (refused !== undefined && NAMING.includes(refused))
    throw new SchemaRefused(
      `${path}/${refused} is not supported: put what is used twice in $defs and name it with $ref`,
    );
  if (refused !== undefined)
    throw new SchemaRefused(`${path}/${refused} is not supported: the keywords are those of JSON Schema 2020-12`);
  const silent = SILENT.find((keyword) => isJsonObject(node[keyword]) && Object.hasOwn(node[keyword], UNSAID));
  if (silent !== undefined)
    throw new SchemaRefused(
      `${path}/${silent}/${UNSAID} is not supported: nothing can be said of a property of this name`,
    );
  const { maxItems, uniqueItems } = node;
  if (uniqueItems === true && !(typeof maxItems === 'number' && maxItems <= MAX_UNIQUE_ITEMS))
    throw new SchemaRefused(`${path}/uniqueItems needs maxItems of at most ${MAX_UNIQUE_ITEMS} beside it`);
}

/** How much is done with a value here, beside holding it against other schemas. */
function comparisonsIn(node: Record<string, unknown>): number {
  const patterns = [node.pattern, ...(isJsonObject(node.patternProperties) ? Object.keys(node.patternProperties) : [])];
  return (
    [node.const, node.enum, node.dependentRequired].reduce<number>((sum, values) => sum + valuesIn(values), 0) +
    (node.uniqueItems === true ? Number(node.maxItems) : 0) +
    patterns.reduce<number>((sum, one) => sum + (typeof one === 'string' ? patternSize(one) : 0), 0)
  );
}

function valuesIn(value: unknown): number {
  if (value === undefined) return 0;
  if (typeof value !== 'object' || value === null) return 1;
  return Object.values(value).reduce<number>((sum, one) => sum + valuesIn(one), 1);
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
