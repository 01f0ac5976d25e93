import RequestQueue from 'kafkajs/src/network/requestQueue/index.js';

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
