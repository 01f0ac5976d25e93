const interruption = new AbortController();

/** Aborted when set-up is to end. */
export const stopping = interruption.signal;

/** Ends set-up: what runs is ended, and nothing new is begun. */
export function interrupt() {
  interruption.abort();
}
