import { interruptiblePause, keepTrying } from '../keep-trying.js';
import type { Log } from '../log.js';

const EVERY_MS = 60_000;

export interface DnsTask {
  /** What is tried, as the log says it when it fails. */
  readonly failure: string;
  run(): Promise<void>;
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
      for (const task of this.tasks) {
        const done = keepTrying(() => task.run(), { failure: task.failure, log: this.log, signal });
        await Promise.race([done, stopped]);
      }
      await interruptiblePause(this.everyMs, signal);
    }
  }
}
