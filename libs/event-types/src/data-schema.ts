import { isJsonObject, isRawNumber, MAX_EVENT_BYTES } from '@postduif/contracts';
import type { FieldError } from '@postduif/contracts';
import type { CodeKeywordDefinition, ErrorObject, Options, ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import type { FormatName } from 'ajv-formats';
import { equality } from './equality.js';
import { linearRegExp } from './linear-reg-exp.js';
import { multipleOf } from './multiple-of.js';
import { costOf } from './schema-cost.js';
import { SchemaRefused } from './schema-refused.js';
import { requireStorable } from './schema-text.js';
import { unevaluatedProperties } from './unevaluated-properties.js';

/** Largest schema as JSON, in characters. */
const MAX_SCHEMA_LENGTH = 32 * 1024;
/** Bytes of an event times cost of its schema: what can be checked in less than a second, also at its first use. */
const MOST_WORK = 15_000_000;
const MOST_ERRORS = 20;
/** Those of JSON Schema 2020-12 and OpenAPI, save for `regex`, which takes long, and `url`, whose time grows with the square of the text. */
const FORMATS: FormatName[] = [
  ...(['date', 'time', 'date-time', 'duration', 'email', 'hostname', 'ipv4', 'ipv6', 'uri', 'uri-reference'] as const),
  ...(['uri-template', 'uuid', 'json-pointer', 'json-pointer-uri-fragment', 'relative-json-pointer'] as const),
  ...(['iso-time', 'iso-date-time', 'int32', 'int64', 'float', 'double', 'byte', 'password', 'binary'] as const),
];
const OPTIONS: Options = {
  // Misspelt keywords are an error; what only looks unwise is not.
  strict: true,
  strictTypes: false,
  strictTuples: false,
  strictRequired: false,
  allowUnionTypes: true,
  logger: false,
  // What every object has, such as `toString`, is not in the data.
  ownProperties: true,
  code: { regExp: linearRegExp },
};
/** Knows what a schema looks like: finding that out takes thirty times as long as most schemas do. */
const metaSchema = new Ajv2020(OPTIONS);

/**
 * The JSON Schema (2020-12) of an event type's `data`. Whatever is registered and sent, checking is bounded: patterns take linear time
 * (RE2), schemas are neither recursive nor larger than `costOf` allows, and the larger one is, the smaller its events have to be.
 */
export class DataSchema {
  /** Largest event of the type, in bytes of JSON. */
  readonly maxEventBytes: number;
  readonly #validate: ValidateFunction;

  /** Throws `SchemaRefused` when it is no schema, or one that cannot be used. */
  constructor(schema: Readonly<Record<string, unknown>>) {
    this.maxEventBytes = maxEventBytes(schema);
    this.#validate = compile(schema);
  }

  /** What of the data does not fit, at most 20 places; empty when all fits. Values are never repeated. */
  errors(data: Readonly<Record<string, unknown>>): FieldError[] {
    if (this.#validate(data)) return [];
    // Numbers that a double cannot hold are kept as they came; for a schema they are numbers.
    if (holdsRawNumber(data) && this.#validate(JSON.parse(JSON.stringify(data)))) return [];
    return (this.#validate.errors ?? []).slice(0, MOST_ERRORS).map(toFieldError);
  }
}

/** Largest event, in bytes of JSON, that is checked with a schema. Throws `SchemaRefused` for one that is too large itself. */
export function maxEventBytes(schema: Readonly<Record<string, unknown>>): number {
  requireStorable(schema);
  if (JSON.stringify(schema).length > MAX_SCHEMA_LENGTH)
    throw new SchemaRefused(`the schema may have at most ${MAX_SCHEMA_LENGTH} characters`);
  return Math.min(MAX_EVENT_BYTES, Math.floor(MOST_WORK / costOf(schema)));
}

function compile(schema: Readonly<Record<string, unknown>>): ValidateFunction {
  // One for each schema: it keeps what it has compiled.
  const ajv = new Ajv2020({ ...OPTIONS, meta: false, validateSchema: false });
  formats.default(ajv, FORMATS);
  const unevaluated = unevaluatedProperties(ajv.getKeyword('unevaluatedProperties') as CodeKeywordDefinition);
  for (const definition of [multipleOf, ...equality, unevaluated])
    ajv.removeKeyword(String(definition.keyword)).addKeyword(definition);
  try {
    if (metaSchema.validateSchema(schema) !== true)
      throw new SchemaRefused(`schema is invalid: ${metaSchema.errorsText()}`);
    return ajv.compile(schema);
  } catch (error) {
    if (error instanceof SchemaRefused) throw error;
    throw new SchemaRefused(error instanceof Error ? error.message : String(error));
  }
}

function holdsRawNumber(value: unknown): boolean {
  if (isRawNumber(value)) return true;
  if (Array.isArray(value)) return value.some(holdsRawNumber);
  return isJsonObject(value) && Object.values(value).some(holdsRawNumber);
}

function toFieldError({ instancePath, keyword, message, params }: ErrorObject): FieldError {
  const names = instancePath
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  const unknown = keyword === 'additionalProperties' ? `: ${String(params.additionalProperty)}` : '';
  return { path: ['data', ...names].join('.'), message: `${message ?? 'does not fit'}${unknown}` };
}
