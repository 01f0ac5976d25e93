import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

export interface Answer {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
}

/** An HTTP server in place of the stack, with a folder that holds its credentials. */
export class FakeApi {
  readonly requests: { readonly line: string; readonly authorization: string | undefined; readonly body: string }[] =
    [];
  readonly #server: Server;
  #home = '';

  constructor(answer: (line: string, body: string) => Answer) {
    this.#server = createServer((request, response) => {
      void text(request).then((body) => {
        const line = `${request.method ?? ''} ${request.url ?? ''}`;
        this.requests.push({ line, authorization: request.headers.authorization, body });
        const { status = 200, headers = {}, body: answered } = answer(line, body);
        response.writeHead(status, { 'content-type': 'application/json', ...headers });
        response.end(answered === undefined ? '' : JSON.stringify(answered));
      });
    });
  }

  /** Resolves with the folder. */
  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    this.#home = await mkdtemp(join(tmpdir(), 'postduif-receiver-'));
    const credentials = { api: `http://127.0.0.1:${this.port}`, token: 'pd_test' };
    await writeFile(join(this.#home, 'credentials.json'), JSON.stringify(credentials));
    return this.#home;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    await rm(this.#home, { recursive: true, force: true });
  }
}
