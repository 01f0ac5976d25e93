import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 20;

/** Resolves when a condition holds, to what it answered. Rejects after `timeoutMs`, saying what was waited for. */
export async function until<T>(
  condition: () => T | Promise<T>,
  what: string,
  timeoutMs = 15_000,
): Promise<NonNullable<Exclude<T, false>>> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const answer = await condition();
    if (answer !== false && answer !== undefined && answer !== null) return answer as NonNullable<Exclude<T, false>>;
    if (Date.now() > deadline) throw new Error(`Waited in vain until ${what}`);
    await delay(POLL_MS);
  }
}
