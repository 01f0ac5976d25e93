import { AsyncLocalStorage } from 'node:async_hooks';

const wanting = new AsyncLocalStorage<AbortSignal>();

/** Thrown instead of going on with work whose result nobody waits for any more. */
export class GivenUp extends Error {
  override readonly name = 'GivenUp';

  constructor() {
    super('The caller has gone, or his deadline has passed.');
  }
}

/** Runs `work`. After `signal` it starts no statement any more, so that its transaction is rolled back. */
export function whileWanted<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  return wanting.run(signal, work);
}

/** Throws `GivenUp` in work that is not wanted any more. */
export function requireWanted(): void {
  if (wanting.getStore()?.aborted === true) throw new GivenUp();
}
