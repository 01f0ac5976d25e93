import type { Connection } from './connection.js';

/** The unused connections to all origins, those unused for longest first. Beyond `most` these are closed. */
export class IdleConnections {
  readonly #closers = new Map<Connection, () => void>();

  constructor(private readonly most: number) {}

  /** @param close takes the connection out again */
  add(connection: Connection, close: () => void): void {
    this.#closers.set(connection, close);
    if (this.#closers.size <= this.most) return;
    const [closeOldest] = this.#closers.values();
    closeOldest?.();
  }

  delete(connection: Connection): void {
    this.#closers.delete(connection);
  }
}
