import { isUtf8 } from 'node:buffer';
import { decodeForm } from '@postduif/receiver';

/** One value of a body, under its name as it was sent (`fields[mail]`) or its path in JSON (`data.amount`). */
export interface BodyField {
  readonly name: string;
  readonly value: string;
}

/** The fields of a form or JSON body, in order; one field without a name for anything else. */
export function decodeBody(contentType: string | undefined, body: Buffer): BodyField[] {
  const type = contentType?.split(';', 1)[0]?.trim().toLowerCase();
  if (type === 'application/x-www-form-urlencoded')
    return decodeForm(body).map(([name, value]) => ({ name, value: readable(value) }));
  return decodeJson(body) ?? [{ name: '', value: readable(body) }];
}

/** A `mime` value need not be UTF-8 (spec section 4.2). */
function readable(bytes: Buffer): string {
  return isUtf8(bytes) ? bytes.toString('utf8') : `(${bytes.length} bytes, not UTF-8) ${bytes.toString('latin1')}`;
}

function decodeJson(body: Buffer): BodyField[] | undefined {
  try {
    return flatten('', JSON.parse(body.toString('utf8')));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function flatten(name: string, value: unknown): BodyField[] {
  if (typeof value !== 'object' || value === null)
    return [{ name, value: typeof value === 'string' ? value : JSON.stringify(value) }];
  const members = Object.entries(value);
  if (members.length === 0) return [{ name, value: JSON.stringify(value) }];
  return members.flatMap(([key, member]) => flatten(name === '' ? key : `${name}.${key}`, member));
}
