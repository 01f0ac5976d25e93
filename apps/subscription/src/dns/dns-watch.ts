import { interruptiblePause, keepTrying } from '../keep-trying.js';
import type { Log } from '../log.js';

const EVERY_MS = 60_000;

/** Does now and then what depends on DNS, and on the time that passes. */
export class DnsWatch {
  readonly #stopped = new AbortController();
  #running: Promise<void> | undefined;

  constructor(
    private readonly tasks: readonly { readonly failure: string; run(): Promise<void> }[],
    private readonly log: Log,
  ) {}

  start(): void {
    this.#running ??= this.#run();
  }

  /** Ends after the task that is under way. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      await interruptiblePause(EVERY_MS, signal);
      for (const task of this.tasks)
        await keepTrying(() => task.run(), { failure: task.failure, log: this.log, signal });
    }
  }
}
