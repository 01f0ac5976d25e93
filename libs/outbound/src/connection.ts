import type { Socket } from 'node:net';
import { Client, type Dispatcher } from 'undici';
import type { Connecting, Connector } from './connector.js';
import type { ParsedHandlerUrl } from './handler-url.js';
import type { ConnectTiming } from './result.js';

export interface ConnectionOptions {
  readonly connector: Connector;
  /** An unused connection is closed after this time, in milliseconds, unless the server hints at another (`Keep-Alive`). */
  readonly idleTimeoutMs: number;
  /** A connection is not used again after this time, in milliseconds; the next one is checked by the guard anew. */
  readonly maxConnectionAgeMs: number;
  readonly now: () => number;
}

/** A server's `Keep-Alive: timeout` is followed up to here, in milliseconds, less a margin for what is on its way. */
const LONGEST_KEEP_ALIVE_MS = 60_000;
const KEEP_ALIVE_MARGIN_MS = 1_000;
const MAX_HEADER_BYTES = 16_384;

/**
 * One connection to one checked address, used by one exchange at a time. undici's `Client` speaks HTTP/1.1 on it. Should the
 * server close the connection between two exchanges, the client opens another through the connector (so through the guard) before
 * it writes anything.
 */
export class Connection {
  readonly #options: ConnectionOptions;
  readonly #client: Client;
  #connecting: Connecting | undefined;
  #socket: Socket | undefined;
  #openedAt = 0;
  #timing: ConnectTiming | undefined;

  /** @param onClose called each time the socket closes */
  constructor(url: ParsedHandlerUrl, options: ConnectionOptions, onOpen: () => void, onClose: () => void) {
    this.#options = options;
    this.#client = new Client(url.origin, {
      pipelining: 1,
      allowH2: false,
      keepAliveTimeout: options.idleTimeoutMs,
      keepAliveMaxTimeout: Math.max(LONGEST_KEEP_ALIVE_MS, options.idleTimeoutMs),
      keepAliveTimeoutThreshold: KEEP_ALIVE_MARGIN_MS,
      maxHeaderSize: MAX_HEADER_BYTES,
      // Deadlines are the exchange's: undici's have a resolution of a second.
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: (_origin, callback) => {
        this.#open(url, callback, onOpen, onClose);
      },
    });
  }

  /** The address at the other end; `undefined` until connected. */
  get remoteAddress(): string | undefined {
    return this.#socket?.remoteAddress;
  }

  /** Whether another exchange may use it. */
  get reusable(): boolean {
    if (this.#socket === undefined || this.#socket.destroyed) return false;
    return this.#options.now() - this.#openedAt < this.#options.maxConnectionAgeMs;
  }

  /** How long connecting took, the first time this is asked after it; `undefined` for a connection that stood already. */
  takeConnectTiming(): ConnectTiming | undefined {
    const timing = this.#timing;
    this.#timing = undefined;
    return timing;
  }

  dispatch(request: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void {
    this.#client.dispatch(request, handler);
  }

  /** Closes when the exchange that is just ending has ended. */
  close(): void {
    this.#client.close(() => undefined);
  }

  /** Closes at once, whatever is going on. */
  destroy(): void {
    this.#connecting?.cancel();
    this.#client.destroy(() => undefined);
    this.#socket?.destroy();
  }

  #open(
    url: ParsedHandlerUrl,
    callback: (...result: [null, Socket] | [Error, null]) => void,
    onOpen: () => void,
    onClose: () => void,
  ): void {
    const { now, connector } = this.#options;
    const startedAt = now();
    let [lookedUpAt, connectedAt] = [startedAt, startedAt];
    const opened = (error: Error | null, socket: Socket | null): void => {
      this.#connecting = undefined;
      if (socket === null) {
        callback(error ?? new Error('no socket'), null);
        return;
      }
      this.#socket = socket;
      this.#openedAt = now();
      this.#timing = {
        connectMs: this.#openedAt - startedAt,
        lookupMs: lookedUpAt - startedAt,
        tcpMs: connectedAt - lookedUpAt,
        ...(url.secure ? { tlsMs: this.#openedAt - connectedAt } : {}),
      };
      onOpen();
      socket.once('close', onClose);
      callback(null, socket);
    };
    this.#connecting = connector.connect(url, opened, {
      lookedUp: () => (lookedUpAt = now()),
      connected: () => (connectedAt = now()),
    });
  }
}
