import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { ArrivedRequest } from './arrived-request.js';
import { arrivalOf } from './report.js';
import type { Arrival } from './report.js';
import type { Answering } from './receiver-options.js';
import { verify } from './verification.js';
import type { SigningMaterial } from './verification.js';

export interface ReceiverServerOptions {
  readonly answering: Answering;
  readonly files: ReadonlyMap<string, string>;
  readonly material: SigningMaterial;
  arrived(arrival: Arrival): void;
}

const MAX_BODY_BYTES = 64 * 1024 * 1024;
const HOST = '127.0.0.1';

/** Takes webhooks over HTTP, verifies them, tells of them, and answers as it was told to. */
export class ReceiverServer {
  readonly #server: Server;
  #failed = 0;

  constructor(private readonly options: ReceiverServerOptions) {
    this.#server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
      this.#handle(request, response).catch((error: unknown) => {
        response.destroy(error instanceof Error ? error : undefined);
      });
    });
  }

  /** Resolves with the port. */
  async listen(port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, HOST, resolve);
    });
    return this.port;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo | null)?.port ?? 0;
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#server.close(() => {
        resolve();
      });
      this.#server.closeAllConnections();
    });
  }

  async #handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    if (incoming.method === 'GET' || incoming.method === 'HEAD') {
      this.#serve(incoming.url ?? '/', response);
      return;
    }
    const at = new Date();
    const body = await read(incoming);
    if (body === undefined) {
      response.writeHead(413, { connection: 'close' }).end();
      return;
    }
    await this.#take(
      { at, method: incoming.method ?? '', target: incoming.url ?? '/', headers: pairs(incoming.rawHeaders), body },
      response,
    );
  }

  async #take(request: ArrivedRequest, response: ServerResponse): Promise<void> {
    const status = this.#status();
    const verdict = await verify(request, this.options.material);
    this.options.arrived(arrivalOf(request, verdict, status));
    if (status === null) return;
    const { delayMs, retryAfter } = this.options.answering;
    if (delayMs > 0) await pause(delayMs);
    const failed = status < 200 || status > 299;
    response.writeHead(status, failed && retryAfter !== undefined ? { 'retry-after': String(retryAfter) } : {}).end();
  }

  #status(): number | null {
    const { hang, fail, status } = this.options.answering;
    if (hang) return null;
    if (this.#failed >= fail) return status;
    this.#failed += 1;
    return 500;
  }

  /** Verification files under any path, and a sign of life at the root. */
  #serve(target: string, response: ServerResponse): void {
    const path = target.split('?', 1)[0] ?? '';
    const file = this.options.files.get(path.slice(path.lastIndexOf('/') + 1));
    const text = file ?? (path === '/' ? 'This is the receiver of Postduif. It takes POST.' : undefined);
    response.writeHead(text === undefined ? 404 : 200, { 'content-type': 'text/plain; charset=utf-8' });
    response.end(text === undefined ? 'There is nothing here.\n' : `${text}\n`);
  }
}

/** The whole body; undefined when it is larger than any webhook. */
async function read(incoming: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  // Read to the end in any case: who is cut off does not read the answer.
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  return bytes > MAX_BODY_BYTES ? undefined : Buffer.concat(chunks);
}

function pairs(rawHeaders: readonly string[]): [string, string][] {
  return Array.from({ length: rawHeaders.length / 2 }, (_, index) => [
    rawHeaders[2 * index] ?? '',
    rawHeaders[2 * index + 1] ?? '',
  ]);
}
