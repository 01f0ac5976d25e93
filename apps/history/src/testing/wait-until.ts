import { setTimeout as pause } from 'node:timers/promises';

/** Waits for a condition; throws when it does not come about within `withinMs`. */
export async function waitUntil(
  condition: () => boolean | Promise<boolean>,
  what: string,
  withinMs = 20_000,
): Promise<void> {
  const until = Date.now() + withinMs;
  while (!(await condition())) {
    if (Date.now() > until) throw new Error(`waited in vain until ${what}`);
    await pause(10);
  }
}
