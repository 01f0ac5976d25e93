import { performance } from 'node:perf_hooks';
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it, jest } from '@jest/globals';
import { OwnDelay } from './own-delay.js';

jest.setTimeout(60_000);

const BLOCKED_MS = 200;
/** It looks at the event loop so often, and that much of a delay is none. */
const INTERVAL_MS = 20;
const SATURATED_MS = 50;
const PATIENCE_MS = 30_000;

function block(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

/** Goes on with something until a condition holds; throws when it never does. */
async function goOn(step: () => Promise<unknown>, isOver: () => boolean): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (!isOver()) {
    if (performance.now() > end) throw new Error('waited in vain');
    await step();
  }
}

describe('OwnDelay', () => {
  it('given an event loop that was blocked, then the delay is as long, at once and when it has looked, and is soon forgotten', async () => {
    const delay = new OwnDelay();
    block(BLOCKED_MS);
    expect(delay.ms).toBeGreaterThanOrEqual(BLOCKED_MS - INTERVAL_MS);
    // Its look was due before this pause began.
    await pause(1);
    expect(delay.ms).toBeGreaterThanOrEqual(BLOCKED_MS - INTERVAL_MS);

    const idle = (): Promise<void> => pause(INTERVAL_MS);
    await expect(goOn(idle, () => delay.ms < SATURATED_MS)).resolves.toBeUndefined();
  });

  it('given an event loop that hardly ever waits, though no turn is long, then the delay is the least of a saturated one', async () => {
    const delay = new OwnDelay();
    const work = (): Promise<void> => {
      block(1);
      return nextTurn();
    };
    // A turn that was long on a busy machine makes it more, for a while.
    await expect(goOn(work, () => delay.ms === SATURATED_MS)).resolves.toBeUndefined();
  });
});
