import type { IncomingHttpHeaders } from 'node:http';

/** Response headers kept, in characters of names and values. */
const KEPT_HEADER_LENGTH = 8_192;
const NOTHING = Buffer.alloc(0);

/** The response's headers by lower-case name, as many as fit; what occurs several times is joined as RFC 9110 section 5.3 says. */
export function keptHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  const kept: [string, string][] = [];
  let length = 0;
  for (const [name, value] of Object.entries(headers)) {
    const text = Array.isArray(value) ? value.join(', ') : (value ?? '');
    if (length + name.length + text.length > KEPT_HEADER_LENGTH) continue;
    length += name.length + text.length;
    kept.push([name, text]);
  }
  return Object.fromEntries(kept);
}

/** The beginning of a response's body. */
export class KeptBody {
  readonly #limit: number;
  readonly #chunks: Buffer[] = [];
  #kept = 0;
  #received = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Bytes that came, kept or not. */
  get received(): number {
    return this.#received;
  }

  add(chunk: Buffer): void {
    this.#received += chunk.length;
    if (this.#kept >= this.#limit) return;
    const part = chunk.subarray(0, this.#limit - this.#kept);
    this.#chunks.push(part);
    this.#kept += part.length;
  }

  /** The bytes kept, copied out of the socket's buffers, and whether there were more. */
  take(): { body: Buffer; truncated: boolean } {
    return {
      body: this.#kept === 0 ? NOTHING : Buffer.concat(this.#chunks, this.#kept),
      truncated: this.#received > this.#kept,
    };
  }
}
