import type { IHeaders } from 'kafkajs';

/** Headers of a record to be written. Several values: the header is repeated. */
export type OutgoingHeaders = Readonly<Record<string, string | Buffer | (string | Buffer)[]>>;

/** Headers of a record that was read. */
export interface RecordHeaders {
  readonly texts: Record<string, string>;
  readonly exact: OutgoingHeaders;
}

/**
 * `texts`: values as UTF-8; of headers with the same name, the last; without those that have no value. `exact`: the same for passing them on,
 * with bytes and repeats as they came; what has no value is empty. Mostly both are one object: this is the
 * hot path, and the bytes of kafkajs would keep its whole response in memory.
 */
export function readHeaders(given: IHeaders | undefined): RecordHeaders {
  const texts: Record<string, string> = {};
  let changed: Record<string, Buffer | Buffer[]> | undefined;
  for (const name in given) {
    const values = asList(given[name]);
    const last = values.at(-1) ?? null;
    if (last !== null) texts[name] = last.toString();
    if (values.length > 1 || last === null || !isText(last, texts[name] ?? ''))
      (changed ??= {})[name] = values.map((value) => Buffer.from(value ?? ''));
  }
  return { texts, exact: changed === undefined ? texts : { ...texts, ...changed } };
}

type Value = Buffer | string | null | undefined;

/** kafkajs' types leave out that a value may be null. */
function asList(values: Value | readonly Value[]): readonly Value[] {
  return Array.isArray(values) ? (values as readonly Value[]) : [values as Value];
}

function isText(value: Buffer | string, text: string): boolean {
  return typeof value === 'string' || !text.includes('\uFFFD') || Buffer.from(text).equals(value);
}
