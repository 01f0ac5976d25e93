import { setTimeout as pause } from 'node:timers/promises';

/**
 * Asks until there is an answer (anything but `undefined` and `false`) and returns it; throws when none comes within `withinMs`,
 * which is generous: it only ends what would never end.
 */
export async function until<T>(
  ask: () => T | undefined | false | Promise<T | undefined | false>,
  what: string | (() => string),
  withinMs = 60_000,
): Promise<T> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (Date.now() > deadline) throw new Error(`waited in vain until ${typeof what === 'string' ? what : what()}`);
    await pause(20);
  }
}
