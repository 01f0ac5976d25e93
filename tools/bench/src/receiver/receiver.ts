import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { headerOf, HttpMessageReader } from '../processes/http-message-reader.js';
import type { HttpMessage } from '../processes/http-message-reader.js';

/**
 * What a receiver does with a request: takes it (`good`), never answers (`hang`), answers after five seconds (`slow`), resets the
 * connection (`reset`), answers 500 (`fail`), or sends its answer a byte a second (`trickle`).
 */
export const BEHAVIOURS = ['good', 'hang', 'slow', 'reset', 'fail', 'trickle'] as const;
export type Behaviour = (typeof BEHAVIOURS)[number];

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';
const FAILED = 'HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n';
const ENDLESS = 'HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n';
const SLOW_MS = 5_000;
const TRICKLE_MS = 1_000;
/** Below the ports that systems give to outgoing connections, so that a receiver that was down finds its port free. */
const FIRST_PORT = 10_000;
const PORTS = 10_000;
const MOST_TRIES = 50;

/** Told of each request: the number of its event, and whether it is answered with 2xx. */
export type OnRequest = (event: number, taken: boolean, request: HttpMessage) => void;

/** One customer's server, on a port of its own. Plain sockets: it must not be what is measured. */
export class Receiver {
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  #port = 0;
  behaviour: Behaviour = 'good';

  constructor(private readonly onRequest: OnRequest) {}

  /** Listens, on the same port as before if there was one. Resolves to the port. */
  async open(): Promise<number> {
    for (let tries = 0; this.#port === 0 && tries < MOST_TRIES; tries += 1) {
      const port = FIRST_PORT + Math.floor(Math.random() * PORTS);
      if (await this.#listen(port).catch(isTaken)) this.#port = port;
    }
    if (this.#server === undefined) await this.#listen(this.#port);
    return this.#port;
  }

  /** Goes down: connections break, new ones are refused. */
  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    for (const socket of this.#sockets) socket.destroy();
    if (server !== undefined) await new Promise((resolve) => server.close(resolve));
  }

  #listen(port: number): Promise<boolean> {
    const server = createServer({ noDelay: true }, (socket) => {
      this.#serve(socket);
    });
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', () => {
        this.#server = server;
        resolve(true);
      });
    });
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    const reader = new HttpMessageReader((request) => {
      this.#answer(socket, request);
    });
    socket.on('data', (chunk) => {
      reader.push(chunk);
    });
    socket.on('close', () => this.#sockets.delete(socket));
    // Whoever breaks off has its reasons, and 'close' follows.
    socket.on('error', () => undefined);
  }

  #answer(socket: Socket, request: HttpMessage): void {
    this.onRequest(eventOf(request.head), this.behaviour === 'good' || this.behaviour === 'slow', request);
    switch (this.behaviour) {
      case 'good':
        socket.write(OK);
        break;
      case 'slow':
        setTimeout(() => socket.write(OK), SLOW_MS);
        break;
      case 'fail':
        socket.write(FAILED);
        break;
      case 'reset':
        socket.resetAndDestroy();
        break;
      case 'trickle':
        trickle(socket);
        break;
      case 'hang':
    }
  }
}

function trickle(socket: Socket): void {
  socket.write(ENDLESS);
  const drip = setInterval(() => socket.write('.'), TRICKLE_MS);
  socket.on('close', () => {
    clearInterval(drip);
  });
}

function eventOf(head: string): number {
  const id = headerOf(head, 'x-webhook-event-id') ?? '';
  return Number(id.slice(id.lastIndexOf('-') + 1));
}

/** False for a port in use: another one is tried. */
function isTaken(error: NodeJS.ErrnoException): false {
  if (error.code === 'EADDRINUSE') return false;
  throw error;
}
