import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { HttpMessageReader } from './http-message-reader.js';
import type { HttpMessage } from './http-message-reader.js';

export interface PosterOptions {
  /** `http://host:port` */
  readonly url: string;
  /** Bearer token of every request. */
  readonly token: string;
  /** Most connections at once; a request beyond them waits its turn. */
  readonly connections: number;
}

const PATIENCE_MS = 10_000;

/** Sends requests over kept connections, one at a time on each. */
export class Poster {
  readonly #host: string;
  readonly #port: number;
  readonly #idle: Connection[] = [];
  readonly #waiting: ((connection: Connection) => void)[] = [];
  #open = 0;

  constructor(private readonly options: PosterOptions) {
    const { hostname, port } = new URL(options.url);
    this.#host = hostname;
    this.#port = Number(port);
  }

  /** Posts JSON. Rejects when the connection breaks; the request may have been understood nevertheless. */
  async post(path: string, json: string): Promise<HttpMessage> {
    return this.#send(
      `POST ${path} HTTP/1.1\r\nHost: ${this.#host}:${this.#port}\r\nAuthorization: Bearer ${this.options.token}\r\n` +
        `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(json)}\r\n\r\n${json}`,
    );
  }

  async get(path: string): Promise<HttpMessage> {
    return this.#send(
      `GET ${path} HTTP/1.1\r\nHost: ${this.#host}:${this.#port}\r\nAuthorization: Bearer ${this.options.token}\r\n\r\n`,
    );
  }

  close(): void {
    for (const connection of this.#idle.splice(0)) connection.close();
  }

  async #send(request: string): Promise<HttpMessage> {
    const connection = await this.#connection();
    try {
      return await connection.exchange(request);
    } finally {
      this.#free(connection);
    }
  }

  #connection(): Connection | Promise<Connection> {
    for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop()) if (!idle.broken) return idle;
    if (this.#open < this.options.connections) return this.#connect();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #connect(): Connection {
    this.#open += 1;
    return new Connection(this.#host, this.#port, () => {
      this.#open -= 1;
    });
  }

  #free(connection: Connection): void {
    const next = this.#waiting.shift();
    if (next === undefined) {
      if (!connection.broken) this.#idle.push(connection);
    } else next(connection.broken ? this.#connect() : connection);
  }
}

class Connection {
  readonly #socket: Socket;
  #pending: PromiseWithResolvers<HttpMessage> | undefined;
  broken = false;

  constructor(
    host: string,
    port: number,
    private readonly onBroken: () => void,
  ) {
    this.#socket = connect({ host, port, noDelay: true });
    const reader = new HttpMessageReader((message) => {
      this.#pending?.resolve(message);
    });
    this.#socket.on('data', (chunk) => {
      reader.push(chunk);
    });
    this.#socket.setTimeout(PATIENCE_MS, () => this.#socket.destroy());
    this.#socket.on('error', (error) => {
      this.#break(error);
    });
    this.#socket.on('close', () => {
      this.#break(new Error('the connection was closed'));
    });
  }

  async exchange(request: string): Promise<HttpMessage> {
    if (this.broken) throw new Error('the connection was closed');
    this.#pending = Promise.withResolvers();
    this.#socket.write(request);
    return this.#pending.promise;
  }

  close(): void {
    this.#socket.destroy();
  }

  #break(error: Error): void {
    if (this.broken) return;
    this.broken = true;
    this.onBroken();
    this.#pending?.reject(error);
  }
}
