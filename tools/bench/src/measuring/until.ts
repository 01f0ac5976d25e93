import { setTimeout as pause } from 'node:timers/promises';
import { now } from './clock.js';

const EVERY_MS = 100;

/** Asks until the answer is yes. Resolves to the moment at which it was, on the shared clock, or undefined after `timeoutMs`. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  timeoutMs: number,
  everyMs = EVERY_MS,
): Promise<number | undefined> {
  const deadline = now() + timeoutMs;
  while (!(await condition())) {
    if (now() > deadline) return undefined;
    await pause(everyMs);
  }
  return now();
}

/** As `until`, for what must happen. */
export async function mustBe(
  what: string,
  timeoutMs: number,
  condition: () => boolean | Promise<boolean>,
  everyMs?: number,
): Promise<number> {
  const at = await until(condition, timeoutMs, everyMs);
  if (at === undefined) throw new Error(`waited ${timeoutMs / 1_000} s in vain: ${what}`);
  return at;
}
