import type { OnModuleDestroy } from '@nestjs/common';

/** Ends the streams when the service begins to stop: they would never end by themselves. */
export class Stopping implements OnModuleDestroy {
  readonly #controller = new AbortController();

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  onModuleDestroy(): void {
    this.#controller.abort();
  }
}
