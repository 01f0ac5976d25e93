import { describe, expect, it } from '@jest/globals';
import { summarise } from './cpu-profile.js';

const HOME = 'file:///home/ann/postduif';
const frame = (id: number, functionName: string, url: string, children: number[] = []) => ({
  id,
  callFrame: { functionName, url, lineNumber: 9, columnNumber: 0 },
  children,
});

/** The time in seconds that each of these stacks was on the processor. */
const PROFILE = {
  nodes: [
    frame(1, '(root)', '', [2, 3, 4, 11]),
    frame(2, '(idle)', ''),
    frame(3, '(garbage collector)', ''),
    frame(4, 'onStreamRead', 'node:internal/stream', [5]),
    frame(5, 'parse', `${HOME}/node_modules/undici/lib/client.js`, [6, 7]),
    frame(6, 'attempt', `${HOME}/apps/delivery/src/engine.ts`, [8]),
    frame(7, 'utf8Slice', ''),
    frame(8, 'attempt', `${HOME}/apps/delivery/src/engine.ts`, [9]),
    frame(9, 'writev', '', []),
    frame(11, 'nested', `${HOME}/node_modules/a/node_modules/@b/c/index.js`),
  ],
  samples: [2, 3, 4, 5, 6, 7, 8, 9, 11],
  timeDeltas: [90, 2, 1, 1, 1, 1, 1, 2, 1].map((seconds) => 1e6 * seconds),
};

describe('a CPU profile', () => {
  const { busySeconds, packages, functions, ours } = summarise(PROFILE);

  it('does not count the time that was idle', () => {
    expect(busySeconds).toBe(10);
  });

  it('by package, counts what Node.js does to whom it is done for', () => {
    expect(packages).toEqual([
      { name: 'apps/delivery', share: 0.4 },
      { name: '(garbage collector)', share: 0.2 },
      { name: 'undici', share: 0.2 },
      { name: 'node', share: 0.1 },
      { name: '@b/c', share: 0.1 },
    ]);
  });

  it('by function, sums up the time that it was on top', () => {
    expect(functions.slice(0, 3)).toEqual([
      { name: '(garbage collector)', share: 0.2 },
      { name: 'attempt apps/delivery/src/engine.ts:10', share: 0.2 },
      { name: 'writev', share: 0.2 },
    ]);
  });

  it('by function of our own, counts what it calls, once however often it is on the stack', () => {
    expect(ours).toEqual([{ name: 'attempt apps/delivery/src/engine.ts:10', share: 0.4 }]);
  });
});
