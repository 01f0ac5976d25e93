import { describe, expect, it } from '@jest/globals';
import { MemoryReplayStore } from './index.js';

const at = (seconds: number): Date => new Date(seconds * 1_000);

describe('requests in memory', () => {
  it('given a request, then it is new once', () => {
    const store = new MemoryReplayStore(() => at(0));
    expect([store.remember('a', at(60)), store.remember('a', at(60)), store.remember('b', at(60))]).toEqual([
      true,
      false,
      true,
    ]);
  });

  it('given the moment until which it matters, then it is known in that moment and forgotten after it', () => {
    let now = at(0);
    const store = new MemoryReplayStore(() => now);
    store.remember('a', at(60));
    now = at(60);
    store.remember('b', at(120));
    expect(store.remember('a', at(60))).toBe(false);
    now = at(61);
    store.remember('c', at(121));
    expect(store.remember('a', at(61))).toBe(true);
  });

  it('given more than it holds, then the oldest makes place', () => {
    const store = new MemoryReplayStore(() => at(0), 2);
    for (const id of ['a', 'b', 'c']) store.remember(id, at(60));
    expect(['c', 'b', 'a'].map((id) => store.remember(id, at(60)))).toEqual([false, false, true]);
  });
});
