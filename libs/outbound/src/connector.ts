import { isIP, type LookupFunction, type Socket, connect as connectTcp } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import type { AddressGuard } from './address-guard.js';
import { connectError, timeoutError, type ConnectProgress } from './failure.js';
import type { ParsedHandlerUrl } from './handler-url.js';

export interface ConnectorOptions {
  readonly guard: AddressGuard;
  /** For look-up, TCP and TLS together, in milliseconds. */
  readonly connectTimeoutMs: number;
  /** Certificates of authorities (PEM) instead of the well-known ones. */
  readonly ca?: string | readonly string[];
}

/** An attempt to connect. `cancel` ends it at once; `done` is then never called. */
export interface Connecting {
  cancel(): void;
}

export type Connected = (error: Error | null, socket: Socket | null) => void;

/** Told how far it is. */
export interface ConnectPhases {
  /** The addresses are known and checked. */
  lookedUp(): void;
  /** TCP stands; TLS may follow. */
  connected(): void;
}

/** One of several addresses gets this long before the next is tried, in milliseconds (RFC 8305 section 5). */
const NEXT_ADDRESS_AFTER_MS = 500;
/** First probe of an idle TCP connection, in milliseconds. */
const TCP_KEEP_ALIVE_AFTER_MS = 60_000;
/** TLS sessions kept for a shorter handshake the next time; the oldest goes first. */
const MAX_TLS_SESSIONS = 10_000;

/**
 * Opens connections, each to an address that the guard has just checked. The name is looked up once: the socket is given the
 * checked addresses in place of a second look-up, so a name server that changes its mind in between (DNS rebinding) changes
 * nothing. The certificate is checked against the host name (or the literal address) of the URL.
 */
export class Connector {
  readonly #options: ConnectorOptions;
  readonly #sessions = new Map<string, Buffer>();

  constructor(options: ConnectorOptions) {
    this.#options = options;
  }

  /** Never throws; `done` is called once, with an `ExchangeError` or a socket ready for the request. */
  connect(url: ParsedHandlerUrl, done: Connected, phases: ConnectPhases): Connecting {
    const progress: ConnectProgress = { stage: 'dns' };
    let socket: Socket | undefined;
    let ended = false;
    const end = (error: Error | null): void => {
      if (ended) return;
      ended = true;
      clearTimeout(timer);
      if (error !== null) socket?.destroy();
      done(error, error === null ? (socket ?? null) : null);
    };
    const timer = setTimeout(() => {
      end(timeoutError(progress, this.#options.connectTimeoutMs));
    }, this.#options.connectTimeoutMs);

    const open = (addresses: readonly string[]): void => {
      if (ended) return;
      progress.stage = 'tcp';
      phases.lookedUp();
      if (addresses.length === 1) progress.remoteAddress = addresses[0];
      socket = url.secure ? this.#openTls(url, addresses) : openTcp(url, addresses);
      socket.setNoDelay(true).setKeepAlive(true, TCP_KEEP_ALIVE_AFTER_MS);
      socket.once('connect', () => {
        progress.stage = 'tls';
        phases.connected();
        progress.remoteAddress = socket?.remoteAddress;
        if (!url.secure) end(null);
      });
      socket.once('secureConnect', () => {
        end(null);
      });
      // Stays for the socket's whole life: an error after the end is undici's to report, but never an uncaught one.
      socket.on('error', (error) => {
        end(connectError(progress, error));
      });
      socket.once('close', () => {
        end(connectError(progress));
      });
    };
    this.#options.guard
      .resolve(url.hostname)
      .then(open)
      .catch((error: unknown) => {
        end(connectError(progress, error));
      });

    return {
      cancel: () => {
        ended = true;
        clearTimeout(timer);
        socket?.destroy();
      },
    };
  }

  #openTls(url: ParsedHandlerUrl, addresses: readonly string[]): TLSSocket {
    const session = this.#sessions.get(url.origin);
    const { ca } = this.#options;
    const socket = connectTls({
      ...target(url, addresses),
      // RFC 6066 section 3: no address as a server name. The certificate is then checked against the address itself.
      servername: isIP(url.hostname) === 0 ? url.hostname : '',
      minVersion: 'TLSv1.2',
      ALPNProtocols: ['http/1.1'],
      ...(session === undefined ? {} : { session }),
      ...(ca === undefined ? {} : { ca: [ca].flat() }),
    });
    socket.on('session', (ticket) => {
      this.#keepSession(url.origin, ticket);
    });
    return socket;
  }

  #keepSession(origin: string, ticket: Buffer): void {
    this.#sessions.delete(origin);
    if (this.#sessions.size >= MAX_TLS_SESSIONS) {
      const [oldest] = this.#sessions.keys();
      if (oldest !== undefined) this.#sessions.delete(oldest);
    }
    this.#sessions.set(origin, ticket);
  }
}

function openTcp(url: ParsedHandlerUrl, addresses: readonly string[]): Socket {
  return connectTcp(target(url, addresses));
}

/** Where to connect: the host's name for the messages and the certificate, the checked addresses for the packets. */
function target(url: ParsedHandlerUrl, addresses: readonly string[]) {
  return {
    host: url.hostname,
    port: url.port,
    lookup: answerWith(addresses),
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: NEXT_ADDRESS_AFTER_MS,
  };
}

/** `net.connect` calls this instead of `dns.lookup`, with `all` set because it may try several addresses. */
function answerWith(addresses: readonly string[]): LookupFunction {
  return (_hostname, _options, answer) => {
    answer(
      null,
      addresses.map((address) => ({ address, family: isIP(address) })),
    );
  };
}
