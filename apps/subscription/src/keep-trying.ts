import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import { describeError } from './database/store-error.js';

const RETRY_MS = 1_000;
/** The first failure is said, and then no more often than this. */
const SAY_EVERY_MS = 15_000;

export interface KeepTryingOptions {
  /** What is tried, as the log says it when it fails. */
  readonly failure: string;
  readonly log: Logger;
  /** Ends the waiting. */
  readonly signal: AbortSignal;
  /** Called with each error. */
  readonly onFailure?: (error: unknown) => void;
}

/** Tries a task once a second until it succeeds (true) or until `signal` (false). */
export async function keepTrying(
  task: () => Promise<void>,
  { failure, log, signal, onFailure }: KeepTryingOptions,
): Promise<boolean> {
  let saidAt = -Infinity;
  while (!signal.aborted) {
    try {
      await task();
      return true;
    } catch (error) {
      onFailure?.(error);
      if (!isAborted(signal) && Date.now() - saidAt >= SAY_EVERY_MS) {
        log.warn({ error: describeError(error) }, `${failure}; trying again`);
        saidAt = Date.now();
      }
      await interruptiblePause(RETRY_MS, signal);
    }
  }
  return false;
}

/** Waits; returns at once when `signal` is given. */
export async function interruptiblePause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await pause(ms, undefined, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** The compiler takes a signal that was not aborted before an `await` for one that never will be. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
