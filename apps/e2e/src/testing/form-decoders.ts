import { isUtf8 } from 'node:buffer';
import { execFileSync } from 'node:child_process';
import qs from 'qs';
import { hasPhp } from './php-client.js';

/** What a receiver finds in a form. */
export type Posted = string | readonly Posted[] | { readonly [name: string]: Posted };

/** Reads a form as some receiver would. None of it is our code. */
export type FormDecoder = (body: Buffer) => Posted;

/** As PHP does for `$_POST`; values in base64, since JSON takes no bytes that are not UTF-8. */
const PHP = `
  parse_str(file_get_contents('php://stdin'), $post);
  array_walk_recursive($post, function (&$value) { $value = base64_encode($value); });
  echo json_encode($post, JSON_THROW_ON_ERROR);
`;

function decodeWithPhp(body: Buffer): Posted {
  const output = execFileSync('php', ['-d', 'max_input_vars=100000', '-r', PHP], {
    input: body,
    maxBuffer: 64 * 1024 * 1024,
  });
  const decoded = JSON.parse(output.toString()) as Decoded;
  return withTexts(
    decoded,
    (text) => readable(Buffer.from(text, 'base64')),
    (name) => name,
  );
}

/** As Express does with its "extended" forms; taken for Latin-1, so that bytes stay bytes. */
function decodeWithQs(body: Buffer): Posted {
  const decoded = qs.parse(body.toString('latin1'), { charset: 'iso-8859-1' }) as Decoded;
  return withTexts(decoded, (text) => readable(Buffer.from(text, 'latin1')));
}

type Decoded = string | readonly Decoded[] | { readonly [name: string]: Decoded };

function withTexts(value: Decoded, text: (encoded: string) => string, name = text): Posted {
  if (typeof value === 'string') return text(value);
  if (isList(value)) return value.map((item) => withTexts(item, text, name));
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [name(key), withTexts(item, text, name)]));
}

/** Text where the bytes are UTF-8; otherwise what no text looks like. */
export function readable(bytes: Buffer): string {
  return isUtf8(bytes) ? bytes.toString() : `bytes:${bytes.toString('base64')}`;
}

function isList(value: Decoded): value is readonly Decoded[] {
  return Array.isArray(value);
}

/** Every decoder that this machine has; one of them always. */
export const FORM_DECODERS: readonly (readonly [name: string, decode: FormDecoder])[] = [
  ['qs', decodeWithQs],
  ...(hasPhp() ? [['PHP', decodeWithPhp] as const] : []),
];
