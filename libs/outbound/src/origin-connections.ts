import { Connection, type ConnectionOptions } from './connection.js';
import type { ParsedHandlerUrl } from './handler-url.js';
import type { IdleConnections } from './idle-connections.js';

export interface OriginConnectionsOptions extends ConnectionOptions {
  /** Most connections at once; exchanges beyond it wait in order of arrival. */
  readonly connectionsPerOrigin: number;
  /** Told of every connection that is unused, and which may close it. */
  readonly idle: IdleConnections;
}

/** Somebody who needs a connection. */
export interface Waiter {
  /** Called once, at once or later. The connection is the waiter's until it is released. */
  start(connection: Connection): void;
}

/** What happens to the connections of an origin, for whoever keeps count. */
export interface ConnectionEvents {
  readonly opened: () => void;
  readonly closed: () => void;
  /** Nothing is left: no connection, no waiter. */
  readonly emptied: () => void;
}

/**
 * The connections to one origin. undici's `Pool` does this too, but keeps no maximum age that holds while a connection is busy,
 * cannot take back a request that waits, and loses sight of clients whose connecting failed while others wait for them.
 */
export class OriginConnections {
  readonly #url: ParsedHandlerUrl;
  readonly #options: OriginConnectionsOptions;
  readonly #events: ConnectionEvents;
  readonly #connections = new Set<Connection>();
  /** The last one used is used first, so that what is not needed grows old and closes. */
  readonly #idle: Connection[] = [];
  readonly #waiting = new Set<Waiter>();

  constructor(url: ParsedHandlerUrl, options: OriginConnectionsOptions, events: ConnectionEvents) {
    this.#url = url;
    this.#options = options;
    this.#events = events;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Gives the waiter a connection, at once if one is free or may be opened. */
  enter(waiter: Waiter): void {
    const connection = this.#free();
    if (connection === undefined) this.#waiting.add(waiter);
    else waiter.start(connection);
  }

  /** Takes back a waiter that has not been started. */
  leave(waiter: Waiter): void {
    this.#waiting.delete(waiter);
    this.#checkEmpty();
  }

  /** Gives a connection back. One that is not `clean` (an exchange broke off on it) is destroyed. */
  release(connection: Connection, clean: boolean): void {
    if (clean && connection.reusable) {
      this.#rest(connection);
    } else {
      this.#connections.delete(connection);
      if (clean) connection.close();
      else connection.destroy();
    }
    this.#startNext();
    this.#checkEmpty();
  }

  closeIdle(): void {
    for (const connection of [...this.#idle]) this.#closeUnused(connection);
  }

  #startNext(): void {
    const [waiter] = this.#waiting;
    if (waiter === undefined) return;
    const connection = this.#free();
    if (connection === undefined) return;
    this.#waiting.delete(waiter);
    waiter.start(connection);
  }

  #free(): Connection | undefined {
    for (;;) {
      const connection = this.#idle.pop();
      if (connection === undefined) break;
      this.#options.idle.delete(connection);
      if (connection.reusable) return connection;
      this.#connections.delete(connection);
      connection.destroy();
    }
    return this.#connections.size < this.#options.connectionsPerOrigin ? this.#add() : undefined;
  }

  #add(): Connection {
    const connection: Connection = new Connection(this.#url, this.#options, this.#events.opened, () => {
      this.#events.closed();
      this.#closeUnused(connection);
    });
    this.#connections.add(connection);
    return connection;
  }

  #rest(connection: Connection): void {
    this.#idle.push(connection);
    this.#options.idle.add(connection, () => {
      this.#closeUnused(connection);
    });
  }

  /** One that is used is dealt with when it is released. */
  #closeUnused(connection: Connection): void {
    const index = this.#idle.indexOf(connection);
    if (index === -1) return;
    this.#idle.splice(index, 1);
    this.#options.idle.delete(connection);
    this.#connections.delete(connection);
    connection.destroy();
    this.#checkEmpty();
  }

  #checkEmpty(): void {
    if (this.#connections.size === 0 && this.#waiting.size === 0) this.#events.emptied();
  }
}
