import { createHash } from 'node:crypto';
import { ApiError } from '@postduif/contracts';

/** Where a row stands in a list that is ordered by time and then by its place in Kafka. */
export interface RowPosition {
  /** Unix milliseconds. */
  readonly time: number;
  readonly partition: number;
  readonly offset: number;
}

const CONTENT_BYTES = 20;
const CHECK_BYTES = 6;

/**
 * An opaque cursor: the position of the last row of a page, with a check sum over it and the name of the list. The check sum finds
 * mistakes; it protects nothing, since a cursor gives no access to anything.
 */
export function encodeCursor(list: string, { time, partition, offset }: RowPosition): string {
  const bytes = Buffer.alloc(CONTENT_BYTES + CHECK_BYTES);
  bytes.writeBigInt64BE(BigInt(time), 0);
  bytes.writeInt32BE(partition, 8);
  bytes.writeBigInt64BE(BigInt(offset), 12);
  checkSum(list, bytes.subarray(0, CONTENT_BYTES)).copy(bytes, CONTENT_BYTES);
  return bytes.toString('base64url');
}

/** Reads a cursor of this list; throws `invalid_request` when it is none. */
export function decodeCursor(list: string, cursor: string): RowPosition {
  const bytes = Buffer.from(cursor, 'base64url');
  const content = bytes.subarray(0, CONTENT_BYTES);
  const valid =
    bytes.length === CONTENT_BYTES + CHECK_BYTES &&
    bytes.toString('base64url') === cursor &&
    bytes.subarray(CONTENT_BYTES).equals(checkSum(list, content));
  if (!valid) {
    const message = 'is not a cursor of this list; use `next` of an earlier answer as it is, or leave it out';
    throw new ApiError('invalid_request', 'The cursor is not valid.', { errors: [{ path: 'cursor', message }] });
  }
  return {
    time: Number(content.readBigInt64BE(0)),
    partition: content.readInt32BE(8),
    offset: Number(content.readBigInt64BE(12)),
  };
}

function checkSum(list: string, content: Buffer): Buffer {
  return createHash('sha256').update(`${list}\n`).update(content).digest().subarray(0, CHECK_BYTES);
}
