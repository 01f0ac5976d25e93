import { setTimeout as pause } from 'node:timers/promises';
import { now } from '../measuring/clock.js';

/** Does something `count` times, all at once or `rate` times a second, whatever becomes of it: an open loop. */
export interface Pace {
  readonly count: number;
  /** A second. */
  readonly rate: number;
}

const LEAD_MS = 20;

/** `begin` gets the index and the moment at which it should have been called. Resolves when the last was begun. */
export async function paced({ count, rate }: Pace, begin: (index: number, intended: number) => void): Promise<void> {
  const start = now() + LEAD_MS;
  const dueAt = (index: number): number => start + (index * 1_000) / rate;
  for (let index = 0; index < count;) {
    // Node's timers have milliseconds; what that costs is in the latencies, as they count from the intended moment.
    await pause(Math.max(0, Math.ceil(dueAt(index) - now())));
    for (; index < count && dueAt(index) <= now(); index += 1) begin(index, dueAt(index));
  }
}

/** Does something `count` times, `lanes` at a time, each as soon as one before it has ended. */
export async function closedLoop(count: number, lanes: number, work: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}
