import { ReceiverError } from './errors.js';

/**
 * Reads the body of a request whole: of a Node.js `IncomingMessage`, or the `body` of a Fetch `Request`.
 * Throws `body_too_large`, when all has been read: a sender who is cut off does not read the answer.
 * @param maxBytes most that is kept; default 8 MiB
 */
export async function readBody(stream: AsyncIterable<Uint8Array>, maxBytes = 8 * 1024 * 1024): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    bytes += chunk.length;
    if (bytes <= maxBytes) chunks.push(chunk);
  }
  if (bytes > maxBytes) throw new ReceiverError('body_too_large', `${bytes} bytes, and ${maxBytes} are allowed`);
  return Buffer.concat(chunks);
}
