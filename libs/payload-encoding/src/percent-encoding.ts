/** Bytes that stay as they are: `A-Z a-z 0-9 - _ .`, what both PHP and WHATWG leave alone. */
const UNRESERVED = /^[\w.-]*$/;
const SPACE = 0x20;
const PLUS = 0x2b;
const PERCENT = 0x25;
const HEX = Buffer.from('0123456789ABCDEF', 'latin1');

const isUnreserved = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte < 0x80 && UNRESERVED.test(String.fromCharCode(byte)) ? 1 : 0,
);

/**
 * Percent-encodes as PHP's `urlencode` does, byte for byte: space becomes `+`, and everything but `A-Za-z0-9-_.` becomes `%XX`. WHATWG's
 * serializer differs in `*` alone, which it leaves as it is; every decoder takes both. Text goes out as UTF-8, a lone surrogate as
 * U+FFFD, since it has no bytes of its own. Bytes are not transcoded.
 */
export function percentEncode(value: string | Uint8Array): string {
  if (typeof value === 'string') return UNRESERVED.test(value) ? value : encodeBytes(Buffer.from(value, 'utf8'));
  return encodeBytes(value);
}

function encodeBytes(bytes: Uint8Array): string {
  const encoded = Buffer.allocUnsafe(bytes.length * 3);
  let end = 0;
  for (const byte of bytes) {
    if (isUnreserved[byte] === 1) encoded[end++] = byte;
    else if (byte === SPACE) encoded[end++] = PLUS;
    else {
      encoded[end++] = PERCENT;
      encoded[end++] = HEX[byte >> 4] ?? 0;
      encoded[end++] = HEX[byte & 15] ?? 0;
    }
  }
  return encoded.toString('latin1', 0, end);
}
