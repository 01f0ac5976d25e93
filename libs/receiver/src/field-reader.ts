import { ReceiverError } from './errors.js';
import { isJsonObject } from './json.js';
import type { JsonObject } from './json.js';
import { decodeForm } from './form.js';
import type { Kind } from './trigger-fields.js';

/** Reads named values of a body; undefined or empty when there is none. Throws `body_malformed` for what is of another kind. */
export interface FieldReader {
  text(name: string): string | undefined;
  number(name: string): number | undefined;
  list(name: string): readonly string[];
  map(name: string): Readonly<Record<string, unknown>>;
  bytes(name: string): Buffer | undefined;
}

/** Reads the fields of a table, each by its kind. Throws `body_malformed`. */
export function readFields(table: Readonly<Record<string, Kind>>, reader: FieldReader): Record<string, unknown> {
  return Object.fromEntries(Object.entries(table).map(([name, kind]) => [name, readField(reader, name, kind)]));
}

function readField(reader: FieldReader, name: string, kind: Kind): unknown {
  switch (kind) {
    case 'text':
      return required(name, reader.text(name));
    case 'text?':
      return reader.text(name);
    case 'number':
      return required(name, reader.number(name));
    case 'number?':
      return reader.number(name);
    case 'action':
      return action(name, reader.text(name));
    case 'list':
      return reader.list(name);
    case 'map':
      return reader.map(name);
    case 'bytes':
      return required(name, reader.bytes(name));
  }
}

export function required<T>(name: string, value: T | undefined): T {
  return value ?? malformed(`${name} is missing`);
}

function action(name: string, value: string | undefined): string {
  return value === 'failure' || value === 'failed' ? value : malformed(`${name} must be failure or failed`);
}

function malformed(detail: string): never {
  throw new ReceiverError('body_malformed', detail);
}

/** `name[]` or `name[key]`, as PHP reads names: up to the first bracket that closes. */
const BRACKETED = /^([^[]+)\[([^\]]*)\]/;

/** Fields of a form, with lists and maps in brackets as PHP reads them (spec section 3.2). */
export class FormReader implements FieldReader {
  readonly #fields: readonly { readonly name: string; readonly key: string | undefined; readonly value: Buffer }[];

  constructor(body: Uint8Array) {
    this.#fields = decodeForm(body).map(([sent, value]) => {
      const [, name = sent, key] = BRACKETED.exec(sent) ?? [];
      return { name, key, value };
    });
  }

  /** Of several the last counts, as in PHP. */
  bytes(name: string): Buffer | undefined {
    return this.#fields.findLast((field) => field.name === name && field.key === undefined)?.value;
  }

  text(name: string): string | undefined {
    return this.bytes(name)?.toString('utf8');
  }

  number(name: string): number | undefined {
    const digits = this.text(name);
    if (digits === undefined) return undefined;
    return /^\d{1,15}$/.test(digits) ? Number(digits) : malformed(`${name} must be a whole number`);
  }

  /** `name[]=a&name[]=b` or `name[0]=a&name[1]=b`; or one text with semicolons, as tags may come (spec section 3.4). */
  list(name: string): string[] {
    const joined = this.text(name);
    if (joined !== undefined) return joined.split(';').filter((item) => item !== '');
    return this.#bracketed(name).flatMap(([key, item]) => (/^\d*$/.test(key) ? [item] : []));
  }

  map(name: string): Record<string, string> {
    return Object.fromEntries(this.#bracketed(name));
  }

  #bracketed(name: string): [key: string, value: string][] {
    return this.#fields.flatMap((field) =>
      field.name === name && field.key !== undefined ? [[field.key, field.value.toString('utf8')]] : [],
    );
  }
}

/** Fields of a JSON object; a message that is not text is base64 in `<name>_base64`. */
export class JsonReader implements FieldReader {
  constructor(private readonly data: JsonObject) {}

  text(name: string): string | undefined {
    const value = this.#value(name);
    return value === undefined || typeof value === 'string' ? value : malformed(`${name} must be a text`);
  }

  number(name: string): number | undefined {
    const value = this.#value(name);
    if (value === undefined || (typeof value === 'number' && Number.isSafeInteger(value))) return value;
    return malformed(`${name} must be a whole number`);
  }

  list(name: string): readonly string[] {
    const value = this.#value(name) ?? [];
    const isList = Array.isArray(value) && value.every((item): item is string => typeof item === 'string');
    return isList ? value : malformed(`${name} must be a list of texts`);
  }

  map(name: string): JsonObject {
    const value = this.#value(name) ?? {};
    return isJsonObject(value) && Object.values(value).every(isScalar)
      ? value
      : malformed(`${name} must be an object of texts, numbers and booleans`);
  }

  bytes(name: string): Buffer | undefined {
    const encoded = this.text(`${name}_base64`);
    const text = this.text(name);
    if (encoded !== undefined) return Buffer.from(encoded, 'base64');
    return text === undefined ? undefined : Buffer.from(text, 'utf8');
  }

  #value(name: string): unknown {
    return Object.hasOwn(this.data, name) ? this.data[name] : undefined;
  }
}

function isScalar(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}
