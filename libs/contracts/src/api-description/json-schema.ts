import { z } from 'zod';

/** A JSON Schema, or a part of a document. */
export type Json = Readonly<Record<string, unknown>>;

/** Whether a schema describes what is sent to us or what we send. */
export type Direction = 'input' | 'output';

/** Schemas that documents call by a name; each is used in one direction. */
export type NamedSchemas = Readonly<Record<string, z.ZodType>>;

const COMPONENTS = '#/components/schemas/';
const ANNOTATIONS = ['default', 'description'];

/** Makes JSON Schemas from the contracts; named ones are referred to. */
export class JsonSchemas {
  readonly #names: ReadonlyMap<unknown, string>;

  /** @param target dialect of JSON Schema */
  constructor(
    private readonly named: NamedSchemas = {},
    private readonly target: 'draft-2020-12' | 'draft-07' = 'draft-2020-12',
  ) {
    this.#names = new Map(Object.entries(named).map(([name, schema]) => [schema, name]));
  }

  /** The schema itself, or a reference to it. */
  of(schema: z.ZodType, io: Direction): Json {
    return this.#reference(schema) ?? this.#convert(schema, io);
  }

  /** All named schemas. */
  components(directionOf: (name: string) => Direction): Json {
    return Object.fromEntries(
      Object.entries(this.named).map(([name, schema]) => [name, this.#convert(schema, directionOf(name))]),
    );
  }

  #reference(schema: unknown): Json | undefined {
    const name = this.#names.get(schema);
    return name === undefined ? undefined : { $ref: COMPONENTS + name };
  }

  #convert(root: z.ZodType, io: Direction): Json {
    const { $schema: _dialect, ...json } = z.toJSONSchema(root, {
      io,
      target: this.target,
      unrepresentable: 'any',
      override: ({ zodSchema, jsonSchema }) => {
        const reference = (zodSchema as unknown) === root ? undefined : this.#reference(zodSchema);
        if (reference !== undefined) become(jsonSchema, reference);
        else if (io === 'input' && zodSchema instanceof z.ZodPipe)
          narrow(jsonSchema, this.#convert(zodSchema.def.out as z.ZodType, io));
      },
    });
    return tidy(json, io) as Json;
  }
}

function become(target: object, { $ref }: Json): void {
  for (const name of Object.keys(target)) Reflect.deleteProperty(target, name);
  Object.assign(target, { $ref });
}

/** Something takes more than it then demands, such as anything, or any number: what it demands is what is to be known. */
function narrow(json: { type?: unknown; anyOf?: readonly { type?: unknown }[] }, demanded: Json): void {
  const isWider = ({ type }: { type?: unknown }): boolean =>
    type === 'number' && (demanded.type === 'number' || demanded.type === 'integer');
  if (saysNothing(json) || isWider(json)) Object.assign(json, demanded);
  else if (json.anyOf?.some(isWider) === true)
    json.anyOf = json.anyOf.map((alternative) => (isWider(alternative) ? demanded : alternative));
}

/** Whether a schema allows anything. */
export function saysNothing(json: object): boolean {
  return Object.keys(json).every((name) => ANNOTATIONS.includes(name));
}

/** Leaves out what means nothing in a document: `readOnly` of answers, alternatives that allow anything, and that answers will never grow. */
function tidy(value: unknown, io: Direction): unknown {
  if (Array.isArray(value)) return value.map((item) => tidy(item, io));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).flatMap(([name, member]): [string, unknown][] => {
    if (io === 'output' && name === 'readOnly' && member === true) return [];
    if (io === 'output' && name === 'additionalProperties' && member === false) return [];
    if (name === 'anyOf' && Array.isArray(member)) return [[name, tidy(alternatives(member), io)]];
    return [[name, tidy(member, io)]];
  });
  return Object.fromEntries(entries);
}

function alternatives(members: readonly object[]): readonly object[] {
  const telling = members.filter((member) => !saysNothing(member));
  return telling.length === 0 ? members : telling;
}
