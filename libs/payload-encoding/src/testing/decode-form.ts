/** What a form decodes to in PHP: texts, lists and maps. */
export type Decoded = Record<string, string | string[] | Record<string, string>>;

const BRACKETS = /^([^[]+)\[(.*)\]$/s;

/** A decoder of its own: WHATWG's parser, and brackets as PHP reads them, one level deep. */
export function decodeForm(body: Buffer): Decoded {
  const decoded: Decoded = {};
  for (const [name, value] of new URLSearchParams(body.toString('latin1'))) {
    const [, outer, inner] = BRACKETS.exec(name) ?? [];
    if (outer === undefined || inner === undefined) decoded[name] = value;
    else if (inner === '') ((decoded[outer] ??= []) as string[]).push(value);
    else
      Object.defineProperty((decoded[outer] ??= {}), inner, {
        value,
        enumerable: true,
        configurable: true,
        writable: true,
      });
  }
  return decoded;
}

/** The bytes of one value, for those that are no text. */
export function rawValue(body: Buffer, name: string): Buffer {
  const pair = body
    .toString('latin1')
    .split('&')
    .find((candidate) => candidate.startsWith(`${name}=`));
  const encoded = pair?.slice(name.length + 1) ?? '';
  const bytes = encoded
    .replaceAll('+', ' ')
    .replace(/%([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1');
}

/** What remains of posted values in a form: texts, without empty lists and maps. */
export function asTexts(posted: Record<string, unknown>): Decoded {
  const texts: Decoded = {};
  for (const [name, value] of Object.entries(posted)) {
    if (typeof value !== 'object' || value === null) texts[name] = asText(value);
    else if (Array.isArray(value)) texts[name] = value.map(asText);
    else texts[name] = Object.fromEntries(Object.entries(value).map(([key, item]) => [key, asText(item)]));
  }
  return texts;
}

function asText(value: unknown): string {
  return typeof value === 'boolean' ? String(Number(value)) : String(value);
}
