/** A request or an answer. */
export interface HttpMessage {
  /** Start line and headers as they came. */
  readonly head: string;
  readonly body: Buffer;
}

const END_OF_HEAD = '\r\n\r\n';
const NOTHING = Buffer.alloc(0);

/**
 * Cuts what a connection brings into HTTP/1.1 messages whose length is in `Content-Length`; without one there is no body. That is
 * all the benchmark and the services say to each other, and it costs a fraction of what a complete parser does. Anything else is an
 * error.
 */
export class HttpMessageReader {
  #pending: Buffer = NOTHING;

  constructor(private readonly onMessage: (message: HttpMessage) => void) {}

  push(chunk: Buffer): void {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    while (this.#next());
  }

  #next(): boolean {
    const end = this.#pending.indexOf(END_OF_HEAD);
    if (end === -1) return false;
    const head = this.#pending.toString('latin1', 0, end);
    const bodyAt = end + END_OF_HEAD.length;
    const nextAt = bodyAt + bodyLength(head);
    if (this.#pending.length < nextAt) return false;
    const body = this.#pending.subarray(bodyAt, nextAt);
    this.#pending = this.#pending.length === nextAt ? NOTHING : this.#pending.subarray(nextAt);
    this.onMessage({ head, body });
    return true;
  }
}

function bodyLength(head: string): number {
  if (headerOf(head, 'transfer-encoding') !== undefined)
    throw new Error('a message without Content-Length cannot be read');
  const length = headerOf(head, 'content-length') ?? '0';
  if (!/^\d+$/.test(length)) throw new Error(`"${length}" is not a length`);
  return Number(length);
}

/** Value of a header; `name` in lower case. */
export function headerOf(head: string, name: string): string | undefined {
  const at = head.toLowerCase().indexOf(`\r\n${name}:`);
  if (at === -1) return undefined;
  const from = at + name.length + 3;
  const to = head.indexOf('\r\n', from);
  return head.slice(from, to === -1 ? undefined : to).trim();
}

/** All headers in their order. */
export function headersOf(head: string): [name: string, value: string][] {
  return head
    .split('\r\n')
    .slice(1)
    .map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon), line.slice(colon + 1).trim()];
    });
}

/** Status of an answer. */
export function statusOf(head: string): number {
  return Number(head.slice(9, 12));
}
