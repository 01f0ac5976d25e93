import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingHttpHeaders, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request as the receiver got it. */
export interface Received {
  readonly method: string;
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Somebody's server, on a port of 127.0.0.1. Answers 200 unless told otherwise for a path. */
export class TestReceiver {
  readonly received: Received[] = [];
  /** Most requests that it had at once. */
  most = 0;
  #now = 0;
  readonly #answers = new Map<string, (response: ServerResponse) => void>();
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => {
      this.most = Math.max(this.most, ++this.#now);
      response.on('close', () => this.#now--);
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { method = '', url: target = '', headers } = request;
        this.received.push({ method, target, headers, body: Buffer.concat(chunks) });
        const answer = this.#answers.get(target);
        if (answer === undefined) response.end('thank you');
        else answer(response);
      });
    });
  }

  static async start(): Promise<TestReceiver> {
    const receiver = new TestReceiver();
    receiver.#server.listen(0, '127.0.0.1');
    await once(receiver.#server, 'listening');
    return receiver;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Address of a path, with its own way to answer. */
  at(path: string, answer?: (response: ServerResponse) => void): string {
    if (answer !== undefined) this.#answers.set(path, answer);
    return `http://127.0.0.1:${this.port}${path}`;
  }

  /** What came for a path. */
  of(path: string): Received[] {
    return this.received.filter(({ target }) => target === path);
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
