import type { AddressGuard } from './address-guard.js';
import { Connector } from './connector.js';
import { describe } from './errors.js';
import { Exchange } from './exchange.js';
import type { ParsedHandlerUrl } from './handler-url.js';
import { IdleConnections } from './idle-connections.js';
import { OriginConnections } from './origin-connections.js';
import { requestHeaders, type HeaderList } from './request-headers.js';
import type { OutboundFailure, OutboundResult } from './result.js';

export interface OutboundSenderOptions {
  readonly guard: AddressGuard;
  /** Sent unless a request has its own. Default `DEFAULT_USER_AGENT`. */
  readonly userAgent?: string;
  /** Look-up, TCP and TLS together. Default 10,000. */
  readonly connectTimeoutMs?: number;
  /** From the request being written to the head of the response. Default 30,000. */
  readonly headersTimeoutMs?: number;
  /** The whole exchange, waiting for a connection included. Default 30,000. */
  readonly totalTimeoutMs?: number;
  /** Waiting for a connection while all of the origin's are busy. Default: as long as the whole may take. */
  readonly connectionWaitMs?: number;
  /** Bytes of a response's body that are read before its connection is cut. Default 65,536. */
  readonly maxResponseBytes?: number;
  /** Bytes of a response's body that a result holds. Default 4,096. */
  readonly keptResponseBytes?: number;
  /** Connections to one scheme, host and port; exchanges beyond it wait. Default 50. */
  readonly connectionsPerOrigin?: number;
  /**
   * Time after which an unused connection is closed. A server that closes first may do so just as a request leaves, which is then
   * lost (`connection_reset`), so this is below the 5 seconds that common servers wait (Node.js, Apache). A server that sends
   * `Keep-Alive: timeout` is believed instead, up to a minute. Default 4,000.
   */
  readonly idleTimeoutMs?: number;
  /**
   * Time after which a connection is not used for another request, busy or not. The next connection looks the host up and is
   * checked anew, so this bounds how long an address is used after it left DNS or the allowed ranges. Default 300,000.
   */
  readonly maxConnectionAgeMs?: number;
  /** Unused connections to all origins together; beyond it the one unused for longest is closed. Default 1,000. */
  readonly maxIdleConnections?: number;
  readonly tls?: {
    /** Certificates of authorities (PEM) instead of the well-known ones. Certificates are always checked. */
    readonly ca?: string | readonly string[];
  };
  /** Monotonic milliseconds, for timings and ages. Default `performance.now`. */
  readonly clock?: () => number;
}

export interface OutboundRequest {
  /** In upper case: `POST`, `GET`. */
  readonly method: string;
  readonly url: ParsedHandlerUrl;
  /**
   * Sent with these names, values and order, after `host` and `connection` and before `content-length`, which the sender writes
   * itself (`Host` and `Content-Length` may be in the list if they say the same). Values are Latin-1 without line breaks.
   */
  readonly headers?: HeaderList;
  /** Sent with its Content-Length, never chunked. */
  readonly body?: Uint8Array;
  readonly signal?: AbortSignal;
  /** Instead of the sender's own. */
  readonly totalTimeoutMs?: number;
}

export interface OutboundStats {
  /** Origins with connections, or with requests waiting for one. */
  readonly origins: number;
  readonly openSockets: number;
  /** Requests without a result yet. */
  readonly exchanges: number;
}

export const DEFAULT_USER_AGENT = 'Postduif/0.1.0';

const DEFAULTS = {
  userAgent: DEFAULT_USER_AGENT,
  connectTimeoutMs: 10_000,
  headersTimeoutMs: 30_000,
  totalTimeoutMs: 30_000,
  connectionWaitMs: Infinity,
  maxResponseBytes: 65_536,
  keptResponseBytes: 4_096,
  connectionsPerOrigin: 50,
  idleTimeoutMs: 4_000,
  maxConnectionAgeMs: 300_000,
  maxIdleConnections: 1_000,
  clock: () => performance.now(),
};

/**
 * Sends HTTP/1.1 requests to customers' servers. Connections are kept and go only where the guard allows; redirects are not
 * followed; nothing is sent twice (retries are the caller's). One sender serves a process.
 */
export class OutboundSender {
  readonly #options: typeof DEFAULTS;
  readonly #connector: Connector;
  readonly #idle: IdleConnections;
  readonly #origins = new Map<string, OriginConnections>();
  readonly #exchanges = new Set<Exchange>();
  #openSockets = 0;
  #closed = false;
  #onIdle: (() => void)[] = [];

  constructor({ guard, tls, ...options }: OutboundSenderOptions) {
    this.#options = { ...DEFAULTS, ...options };
    this.#idle = new IdleConnections(this.#options.maxIdleConnections);
    this.#connector = new Connector({ guard, connectTimeoutMs: this.#options.connectTimeoutMs, ...tls });
  }

  /** Sends a request. Never rejects: whatever goes wrong is a result. */
  send(request: OutboundRequest): Promise<OutboundResult> {
    if (this.#closed) return Promise.resolve(notSent('aborted', 'the sender is closed'));
    const headers = requestHeaders(request, this.#options.userAgent);
    if (headers === undefined)
      return Promise.resolve(notSent('invalid_request', 'Host or Content-Length contradicts the request'));
    return new Promise((resolve) => {
      const exchange: Exchange = new Exchange({
        connections: this.#connectionsTo(request.url),
        request: { method: request.method, path: request.url.target, headers, body: request.body ?? null },
        signal: request.signal,
        headersTimeoutMs: this.#options.headersTimeoutMs,
        totalTimeoutMs: request.totalTimeoutMs ?? this.#options.totalTimeoutMs,
        connectionWaitMs: this.#options.connectionWaitMs,
        maxResponseBytes: this.#options.maxResponseBytes,
        keptResponseBytes: this.#options.keptResponseBytes,
        now: this.#options.clock,
        done: (result) => {
          this.#exchanges.delete(exchange);
          resolve(result);
          this.#checkIdle();
        },
      });
      this.#exchanges.add(exchange);
      exchange.run();
    });
  }

  stats(): OutboundStats {
    return { origins: this.#origins.size, openSockets: this.#openSockets, exchanges: this.#exchanges.size };
  }

  /** Takes no more requests, lets those under way end (each has its deadline), then closes all connections. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#closeIdle();
    if (this.#exchanges.size === 0 && this.#openSockets === 0) return;
    await new Promise<void>((resolve) => this.#onIdle.push(resolve));
  }

  /** Takes no more requests, ends those under way as `aborted`, and closes all connections. */
  async destroy(): Promise<void> {
    this.#closed = true;
    for (const exchange of this.#exchanges) exchange.cancel();
    await this.close();
  }

  #connectionsTo(url: ParsedHandlerUrl): OriginConnections {
    let connections = this.#origins.get(url.origin);
    if (connections === undefined) this.#origins.set(url.origin, (connections = this.#newConnections(url)));
    return connections;
  }

  #newConnections(url: ParsedHandlerUrl): OriginConnections {
    const { now, ...limits } = { ...this.#options, now: this.#options.clock };
    const connections: OriginConnections = new OriginConnections(
      url,
      { ...limits, now, connector: this.#connector, idle: this.#idle },
      {
        opened: () => {
          this.#openSockets++;
        },
        closed: () => {
          this.#openSockets--;
          this.#checkIdle();
        },
        emptied: () => {
          if (this.#origins.get(url.origin) === connections) this.#origins.delete(url.origin);
        },
      },
    );
    return connections;
  }

  #closeIdle(): void {
    for (const connections of this.#origins.values()) connections.closeIdle();
  }

  #checkIdle(): void {
    if (!this.#closed || this.#exchanges.size > 0) return;
    this.#closeIdle();
    if (this.#openSockets > 0) return;
    for (const resolve of this.#onIdle.splice(0)) resolve();
  }
}

function notSent(code: OutboundFailure['code'], detail: string): OutboundFailure {
  return { outcome: 'error', code, message: describe(code, detail), timing: { queuedMs: 0, totalMs: 0 } };
}
