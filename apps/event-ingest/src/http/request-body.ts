import type { Readable } from 'node:stream';
import { ApiError } from '@postduif/contracts';

/** Beyond this the connection is cut: nobody who means well sends so much more than is allowed. */
const MOST_DISCARDED_BYTES = 64 * 1024 * 1024;

/**
 * The whole body of a request. One that is too large is read to its end all the same, without keeping it: an answer given before
 * that resets the connection, and whoever is still sending never sees it. Rejects with `payload_too_large`, or with
 * `invalid_request` when the body does not arrive whole.
 */
export function readBody(stream: Readable, maxBytes: number): Promise<Buffer> {
  let chunks: Buffer[] = [];
  let bytes = 0;
  stream.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= maxBytes) chunks.push(chunk);
    else chunks = [];
    if (bytes > maxBytes + MOST_DISCARDED_BYTES) stream.destroy();
  });
  return new Promise((resolve, reject) => {
    const broken = (cause?: unknown): void => {
      reject(new ApiError('invalid_request', 'The body did not arrive whole. Send the request again.', { cause }));
    };
    stream.once('error', broken);
    stream.once('close', broken);
    stream.once('end', () => {
      // A stream closes after its end, too: no error is made for that.
      stream.off('close', broken);
      if (bytes > maxBytes) reject(new ApiError('payload_too_large'));
      else resolve(Buffer.concat(chunks, bytes));
    });
  });
}
