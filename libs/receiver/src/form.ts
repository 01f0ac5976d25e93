/** A name and a value of a form as they were sent, percent-decoded; the value as bytes, for it need not be UTF-8. */
export type FormPair = readonly [name: string, value: Buffer];

const AMPERSAND = 0x26;
const PERCENT = 0x25;
const PLUS = 0x2b;
const EQUALS = 0x3d;
const SPACE = 0x20;

/** Decodes a body of the type application/x-www-form-urlencoded. Brackets stay part of the name: `fields[mail]`. */
export function decodeForm(body: Uint8Array): FormPair[] {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const pairs: FormPair[] = [];
  for (let start = 0; start < bytes.length;) {
    const found = bytes.indexOf(AMPERSAND, start);
    const end = found === -1 ? bytes.length : found;
    if (end > start) pairs.push(decodePair(bytes.subarray(start, end)));
    start = end + 1;
  }
  return pairs;
}

function decodePair(pair: Buffer): FormPair {
  const found = pair.indexOf(EQUALS);
  const end = found === -1 ? pair.length : found;
  return [percentDecode(pair.subarray(0, end)).toString('utf8'), percentDecode(pair.subarray(end + 1))];
}

/** Byte by byte, because a message of some MiB is not rare. What is no escape stays as it is, as in PHP. */
function percentDecode(encoded: Buffer): Buffer {
  const decoded = Buffer.alloc(encoded.length);
  let length = 0;
  for (let at = 0; at < encoded.length; at += 1) {
    const byte = encoded[at] ?? 0;
    const escaped = byte === PERCENT ? hexByte(encoded[at + 1], encoded[at + 2]) : undefined;
    if (escaped !== undefined) at += 2;
    decoded[length] = escaped ?? (byte === PLUS ? SPACE : byte);
    length += 1;
  }
  return decoded.subarray(0, length);
}

function hexByte(first: number | undefined, second: number | undefined): number | undefined {
  const high = hexDigit(first);
  const low = hexDigit(second);
  return high === undefined || low === undefined ? undefined : high * 16 + low;
}

/** Value of the ASCII code of a hexadecimal digit. */
function hexDigit(code = 0): number | undefined {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x61 + 10 : undefined;
}
