import { createRequire } from 'node:module';

/** What is touched of kafkajs' queue of requests to one broker. */
interface RequestQueue {
  readonly pending: readonly unknown[];
  scheduleCheckPendingRequests: (this: RequestQueue) => void;
}

const RequestQueue = createRequire(import.meta.url)('kafkajs/src/network/requestQueue/index.js') as {
  readonly prototype: RequestQueue;
};
const { prototype } = RequestQueue;
const schedule = prototype.scheduleCheckPendingRequests;

/**
 * Ends the idle loop of kafkajs 2.2.4: it looks for requests that wait, every millisecond on every connection, also while none can (its
 * issues 1556 and 1704). Those that do wait are looked for as before. Idempotent.
 */
export function calmRequestQueues(): void {
  prototype.scheduleCheckPendingRequests = function (this: RequestQueue): void {
    if (this.pending.length > 0) schedule.call(this);
  };
}
