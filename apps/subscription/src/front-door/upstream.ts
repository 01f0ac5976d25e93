import type { Log } from '../log.js';

/** A service behind this one. The log says when it stops to answer, and when it answers again: not at every request. */
export class Upstream {
  #away = false;

  /** @param url its address, without a path */
  constructor(
    readonly name: string,
    readonly url: string,
    private readonly log: Log,
  ) {}

  answered(): void {
    if (this.#away) this.log.info({ upstream: this.name }, 'a service behind this one answers again');
    this.#away = false;
  }

  failed(error: unknown): void {
    if (!this.#away) this.log.warn({ err: error, upstream: this.name }, 'a service behind this one does not answer');
    this.#away = true;
  }
}
