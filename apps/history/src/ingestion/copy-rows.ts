const SIGNATURE = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');
const NO_VALUE = -1;
const END_OF_ROWS = -1;
/** PostgreSQL counts microseconds from 2000-01-01. */
const POSTGRES_EPOCH_MS = 946_684_800_000;
const MOST_BYTES_PER_UNIT = 3;

/**
 * Text that PostgreSQL can store: NUL, which it refuses, becomes U+FFFD, and so does half a surrogate pair when it is encoded.
 * Searches pass what they look for through the same, so that it is found.
 */
export function storable(text: string): string {
  return (text.includes('\0') ? text.replaceAll('\0', '\ufffd') : text).toWellFormed();
}

/**
 * Rows in PostgreSQL's binary COPY format (manual, "COPY", "Binary Format"). Binary needs no escaping, and bytes go in as they are.
 * `begin` starts a row; then exactly `columns` values follow, in the order of the COPY command. `null` and `undefined` are NULL.
 */
export class CopyRows {
  #buffer: Buffer;
  #end: number;
  #rows = 0;

  /** `sizeHint`: bytes expected; saves growing. */
  constructor(
    private readonly columns: number,
    sizeHint = 65_536,
  ) {
    this.#buffer = Buffer.allocUnsafe(Math.max(sizeHint, 1_024));
    this.#end = SIGNATURE.copy(this.#buffer);
  }

  get rows(): number {
    return this.#rows;
  }

  begin(): this {
    this.#reserve(2);
    this.#end = this.#buffer.writeInt16BE(this.columns, this.#end);
    this.#rows++;
    return this;
  }

  text(value: string | null | undefined): this {
    if (value === null || value === undefined) return this.#length(NO_VALUE);
    const text = value.includes('\0') ? value.replaceAll('\0', '\ufffd') : value;
    this.#reserve(4 + text.length * MOST_BYTES_PER_UNIT);
    const bytes = this.#buffer.write(text, this.#end + 4, 'utf8');
    this.#buffer.writeInt32BE(bytes, this.#end);
    this.#end += 4 + bytes;
    return this;
  }

  integer(value: number | null | undefined): this {
    if (value === null || value === undefined) return this.#length(NO_VALUE);
    this.#length(4).#reserve(4);
    this.#end = this.#buffer.writeInt32BE(value, this.#end);
    return this;
  }

  bigint(value: number | bigint | null | undefined): this {
    if (value === null || value === undefined) return this.#length(NO_VALUE);
    this.#length(8).#reserve(8);
    this.#end = this.#buffer.writeBigInt64BE(BigInt(value), this.#end);
    return this;
  }

  /** `timestamptz` from Unix milliseconds. */
  timestamp(milliseconds: number): this {
    return this.bigint(BigInt(milliseconds - POSTGRES_EPOCH_MS) * 1_000n);
  }

  bytes(value: Uint8Array): this {
    this.#length(value.length).#reserve(value.length);
    this.#buffer.set(value, this.#end);
    this.#end += value.length;
    return this;
  }

  /** The whole COPY data. Nothing may be added afterwards. */
  finish(): Buffer {
    this.#reserve(2);
    return this.#buffer.subarray(0, this.#buffer.writeInt16BE(END_OF_ROWS, this.#end));
  }

  #length(bytes: number): this {
    this.#reserve(4);
    this.#end = this.#buffer.writeInt32BE(bytes, this.#end);
    return this;
  }

  #reserve(bytes: number): void {
    if (this.#end + bytes <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#end + bytes));
    this.#buffer.copy(larger, 0, 0, this.#end);
    this.#buffer = larger;
  }
}
