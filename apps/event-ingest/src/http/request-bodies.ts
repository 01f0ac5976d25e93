import type { Readable } from 'node:stream';
import { ApiError } from '@postduif/contracts';

export interface RequestBodiesOptions {
  /** Largest body, in bytes. */
  readonly maxBytes: number;
  /** Bytes of all bodies together that are being read or in use. */
  readonly maxBytesTogether: number;
}

/** The bodies of requests, bounded one by one and all together. */
export class RequestBodies {
  #bytes = 0;

  constructor(private readonly options: RequestBodiesOptions) {}

  /**
   * Reads a whole body for `use`; its bytes count until that has settled. Rejects with `payload_too_large` or `overloaded` as soon as it is
   * clear, and with `invalid_request` when the body does not arrive whole. What still comes of a refused body is read and forgotten, so that
   * the sender gets to see the answer and can go on with the connection.
   */
  async read<T>(stream: Readable, declaredBytes: number, use: (body: Buffer) => Promise<T>): Promise<T> {
    let own = 0;
    const take = (bytes: number): void => {
      own += bytes;
      this.#bytes += bytes;
      this.#requireRoom(own, this.#bytes);
    };
    try {
      this.#requireRoom(declaredBytes, this.#bytes + declaredBytes);
      return await use(await wholeBody(stream, take));
    } finally {
      this.#bytes -= own;
      stream.resume();
    }
  }

  #requireRoom(own: number, together: number): void {
    const { maxBytes, maxBytesTogether } = this.options;
    if (own > maxBytes) throw new ApiError('payload_too_large');
    if (together > maxBytesTogether) throw new ApiError('overloaded', undefined, { retryAfterSeconds: 1 });
  }
}

/** `take` hears of each piece before it is kept, and refuses the body by throwing. */
async function wholeBody(stream: Readable, take: (bytes: number) => void): Promise<Buffer> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      take(chunk.length);
      chunks.push(chunk);
    }
  } catch (cause) {
    if (cause instanceof ApiError) throw cause;
    throw new ApiError('invalid_request', 'The body did not arrive whole. Send the request again.', { cause });
  }
  return Buffer.concat(chunks);
}
