/** Offsets from `from` up to, not including, `to`. */
export interface OffsetRun {
  readonly from: number;
  readonly to: number;
}

/** What a broker takes (`offset.metadata.max.bytes`). */
export const MAX_METADATA_BYTES = 4_096;

/** Format and version. What does not start with it was written by someone else and says nothing. */
const PREFIX = '1:';
const MAX_PAYLOAD_BYTES = Math.floor(((MAX_METADATA_BYTES - PREFIX.length) * 3) / 4);
const BASE64 = /^[A-Za-z0-9+/]*$/;

/**
 * Finished offsets above a watermark as text: for each run its distance from the end of the former and its length, as varints in
 * base64. Empty when there is none. What does not fit in 4,096 bytes is left out, the highest first.
 *
 * @param runs ascending, apart, at or above the watermark
 */
export function encodeFinished(watermark: number, runs: Iterable<OffsetRun>): string {
  const bytes: number[] = [];
  let at = watermark;
  for (const { from, to } of runs) {
    const length = bytes.length;
    pushVarint(bytes, from - at);
    pushVarint(bytes, to - from);
    if (bytes.length > MAX_PAYLOAD_BYTES) {
      bytes.length = length;
      break;
    }
    at = to;
  }
  return bytes.length === 0 ? '' : PREFIX + Buffer.from(bytes).toString('base64').replace(/=+$/, '');
}

/** The runs that `encodeFinished` wrote; none when the text is not from it. */
export function decodeFinished(watermark: number, metadata: string | null | undefined): OffsetRun[] {
  if (metadata?.startsWith(PREFIX) !== true || metadata.length > MAX_METADATA_BYTES) return [];
  const text = metadata.slice(PREFIX.length);
  if (!BASE64.test(text)) return [];
  const numbers = readVarints(Buffer.from(text, 'base64'));
  if (numbers === undefined || numbers.length % 2 !== 0) return [];
  const runs: OffsetRun[] = [];
  let at = watermark;
  for (let index = 0; index < numbers.length; index += 2) {
    const from = at + (numbers[index] ?? 0);
    const to = from + (numbers[index + 1] ?? 0);
    if (!Number.isSafeInteger(to) || to <= from) return [];
    runs.push({ from, to });
    at = to;
  }
  return runs;
}

function pushVarint(bytes: number[], value: number): void {
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) + 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
}

function readVarints(bytes: Buffer): number[] | undefined {
  const numbers: number[] = [];
  let value = 0;
  let unit = 1;
  for (const byte of bytes) {
    value += (byte & 0x7f) * unit;
    if (!Number.isSafeInteger(value)) return undefined;
    if (byte >= 0x80) {
      unit *= 0x80;
      continue;
    }
    numbers.push(value);
    value = 0;
    unit = 1;
  }
  return unit === 1 ? numbers : undefined;
}
