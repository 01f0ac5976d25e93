import { describeError } from '../database/store-error.js';
import { interruptiblePause } from '../keep-trying.js';
import type { Log } from '../log.js';

const EVERY_MS = 60_000;

export interface DnsTask {
  /** What is tried, as the log says it when it fails. */
  readonly failure: string;
  readonly run: () => Promise<void>;
}

/** Does at the start, and then every minute, what depends on DNS and on the time that passes. */
export class DnsWatch {
  readonly #stopped = new AbortController();
  #running: Promise<void> | undefined;

  constructor(
    private readonly tasks: readonly DnsTask[],
    private readonly log: Log,
    private readonly everyMs = EVERY_MS,
  ) {}

  start(): void {
    this.#running ??= this.#run();
  }

  /** Does not wait for name servers. A task that is under way ends when it finds the database closed. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopped;
    const stopped = new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => {
        resolve();
      });
    });
    while (!signal.aborted) {
      await Promise.race([this.#turn(), stopped]);
      await interruptiblePause(this.everyMs, signal);
    }
  }

  async #turn(): Promise<void> {
    for (const { failure, run } of this.tasks)
      try {
        await run();
      } catch (error) {
        if (this.#stopped.signal.aborted) return;
        this.log.warn({ error: describeError(error) }, `${failure}; trying again in a minute`);
      }
  }
}
