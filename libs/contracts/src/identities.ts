/**
 * The topic `events.identities`: what fan-out remembers of the events of the last minutes, so that it need not read them again after a
 * restart. Key of a record: the number of a partition of `events`.
 */

/** Four words of 32 bits: the first half of the SHA-256 of an event's identity. */
export type IdentityDigest = Uint32Array;

/** Value of a record: the identities of all events that could be read, from one offset of the partition to below another. */
export interface IdentitySegment {
  readonly from: number;
  readonly to: number;
  /** See `eachIdentity`. */
  readonly entries: Buffer;
}

export const IDENTITY_BYTES = 32;

const VERSION = 1;
const HEADER_BYTES = 17;
const WORDS = 4;

/** Writes an entry: the digest, the offset of its record and the record's time in Unix milliseconds. All is little endian. */
export function putIdentity(
  entries: Buffer,
  index: number,
  digest: IdentityDigest,
  offset: number,
  timestamp: number,
): void {
  const at = index * IDENTITY_BYTES;
  for (let word = 0; word < WORDS; word++) entries.writeUInt32LE(digest[word] ?? 0, at + 4 * word);
  entries.writeDoubleLE(offset, at + 16);
  entries.writeDoubleLE(timestamp, at + 24);
}

/** Goes through entries. The digest is the same four words each time. */
export function eachIdentity(
  entries: Buffer,
  visit: (digest: IdentityDigest, offset: number, timestamp: number) => void,
): void {
  const digest = new Uint32Array(WORDS);
  for (let at = 0; at < entries.length; at += IDENTITY_BYTES) {
    for (let word = 0; word < WORDS; word++) digest[word] = entries.readUInt32LE(at + 4 * word);
    visit(digest, entries.readDoubleLE(at + 16), entries.readDoubleLE(at + 24));
  }
}

export function encodeIdentities({ from, to, entries }: IdentitySegment): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt8(VERSION);
  header.writeDoubleLE(from, 1);
  header.writeDoubleLE(to, 9);
  return Buffer.concat([header, entries]);
}

/** Undefined for what another version wrote. */
export function decodeIdentities(value: Buffer): IdentitySegment | undefined {
  if (value.length < HEADER_BYTES || value.readUInt8() !== VERSION) return undefined;
  const entries = value.subarray(HEADER_BYTES);
  if (entries.length % IDENTITY_BYTES !== 0) return undefined;
  return { from: value.readDoubleLE(1), to: value.readDoubleLE(9), entries };
}
