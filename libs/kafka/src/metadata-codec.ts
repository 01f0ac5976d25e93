/** Offsets from `from` up to, not including, `to`. */
export interface OffsetRun {
  readonly from: number;
  readonly to: number;
}

/** What a broker takes (`offset.metadata.max.bytes`). */
export const MAX_METADATA_BYTES = 4_096;

/** Format and version. What does not start with it was written by someone else and says nothing. */
const PREFIX = '2:';
const MAX_BYTES = Math.floor(((MAX_METADATA_BYTES - PREFIX.length) * 3) / 4);
const BASE64 = /^[A-Za-z0-9+/]*$/;

/**
 * Finished offsets above a watermark as text: for each run its distance from the end of the former and its length, as Elias gamma codes
 * (Elias, 1975) in base64. Of the first 16,000 offsets above the watermark all fit, however they lie. Empty when there is none. What does not fit in 4,096 bytes is left out, the highest first.
 *
 * @param runs ascending, apart, at or above the watermark; those after one that is not are left out: better repeated than skipped
 */
export function encodeFinished(watermark: number, runs: Iterable<OffsetRun>): string {
  const bits = new BitWriter(MAX_BYTES);
  // One below, as there is no code for 0.
  let at = watermark - 1;
  for (const { from, to } of runs) {
    if (from <= at || to <= from || !bits.pushGammas(from - at, to - from)) break;
    at = to;
  }
  return bits.isEmpty ? '' : PREFIX + bits.toBase64();
}

/** The runs that `encodeFinished` wrote; none when the text is not from it. */
export function decodeFinished(watermark: number, metadata: string | null | undefined): OffsetRun[] {
  if (metadata?.startsWith(PREFIX) !== true || metadata.length > MAX_METADATA_BYTES) return [];
  const text = metadata.slice(PREFIX.length);
  if (!BASE64.test(text)) return [];
  const numbers = readGammas(Buffer.from(text, 'base64'));
  if (numbers === undefined || numbers.length % 2 !== 0) return [];
  const runs: OffsetRun[] = [];
  let at = watermark - 1;
  for (let index = 0; index < numbers.length; index += 2) {
    const from = at + (numbers[index] ?? 0);
    const to = from + (numbers[index + 1] ?? 0);
    if (!Number.isSafeInteger(to)) return [];
    runs.push({ from, to });
    at = to;
  }
  return runs;
}

/** Bits in a row, the highest of a byte first. */
class BitWriter {
  readonly #bytes: Buffer;
  #length = 0;

  constructor(maxBytes: number) {
    this.#bytes = Buffer.alloc(maxBytes);
  }

  get isEmpty(): boolean {
    return this.#length === 0;
  }

  /** Positive integers, each as one zero less than it has bits, and those. False, and nothing happens, when they do not fit. */
  pushGammas(...values: readonly number[]): boolean {
    const length = values.reduce((sum, value) => sum + 2 * bitsOf(value) - 1, this.#length);
    if (length > 8 * this.#bytes.length) return false;
    for (const value of values) {
      const bits = bitsOf(value);
      this.#length += bits - 1;
      for (let bit = bits - 1; bit >= 0; bit--) this.#push(Math.floor(value / 2 ** bit) % 2);
    }
    return true;
  }

  toBase64(): string {
    const bytes = this.#bytes.subarray(0, Math.ceil(this.#length / 8));
    return bytes.toString('base64').replace(/=+$/, '');
  }

  #push(bit: number): void {
    const at = this.#length >> 3;
    this.#bytes[at] = (this.#bytes[at] ?? 0) | (bit << (7 - (this.#length & 7)));
    this.#length += 1;
  }
}

/** The numbers that `pushGammas` wrote; zeros up to the end of a byte follow. */
function readGammas(bytes: Buffer): number[] | undefined {
  const numbers: number[] = [];
  const length = 8 * bytes.length;
  const bitAt = (at: number): number => ((bytes[at >> 3] ?? 0) >> (7 - (at & 7))) & 1;
  let zeros = 0;
  for (let at = 0; at < length;) {
    if (bitAt(at) === 0) {
      zeros += 1;
      at += 1;
      continue;
    }
    const end = at + zeros + 1;
    let value = 0;
    for (; at < end; at++) value = value * 2 + bitAt(at);
    if (end > length || !Number.isSafeInteger(value)) return undefined;
    numbers.push(value);
    zeros = 0;
  }
  return zeros < 8 ? numbers : undefined;
}

function bitsOf(value: number): number {
  return value < 2 ** 32 ? 32 - Math.clz32(value) : 64 - Math.clz32(value / 2 ** 32);
}
