import type { ErrorCode } from '@postduif/contracts';
import type { Logger } from 'pino';

const GATHER_MS = 10_000;

/** Warns of requests that are answered 503: at the first of a code, and while there are more, each ten seconds of how many. */
export class RequestRefusals {
  /** By code: how many since the last line. */
  readonly #gathered = new Map<ErrorCode | undefined, number>();

  constructor(private readonly log: Pick<Logger, 'warn'>) {}

  count(code: ErrorCode | undefined): void {
    const gathered = this.#gathered.get(code);
    if (gathered === undefined) this.#tell(code, 1);
    else this.#gathered.set(code, gathered + 1);
  }

  #tell(code: ErrorCode | undefined, requests: number): void {
    this.log.warn({ code, requests }, 'requests are refused for now; their senders are asked to try again');
    this.#gathered.set(code, 0);
    setTimeout(() => {
      const gathered = this.#gathered.get(code);
      if (gathered) this.#tell(code, gathered);
      else this.#gathered.delete(code);
    }, GATHER_MS).unref();
  }
}
