import { describe, expect, it } from '@jest/globals';
import { summarise } from './cpu-profile.js';

const frame = (id: number, functionName: string, url: string, lineNumber = 9) => ({
  id,
  callFrame: { functionName, url, lineNumber },
});

describe('a CPU profile', () => {
  it('is summed up by function and by package, without the time that was idle', () => {
    const found = summarise({
      nodes: [
        frame(1, '(idle)', ''),
        frame(2, 'send', 'file:///home/ann/postduif/node_modules/undici/lib/client.js'),
        frame(3, 'send', 'file:///home/ann/postduif/node_modules/undici/lib/client.js'),
        frame(4, 'admit', 'file:///home/ann/postduif/apps/delivery/dist/engine/lane.js'),
        frame(5, '(garbage collector)', ''),
        frame(6, 'writev', ''),
        frame(7, 'emit', 'node:events'),
        frame(8, '', 'file:///home/ann/postduif/node_modules/a/node_modules/@b/c/index.js'),
      ],
      samples: [1, 2, 3, 4, 5, 6, 7, 8],
      timeDeltas: [9e6, 2e6, 1e6, 2e6, 2e6, 1e6, 1e6, 1e6],
    });
    expect(found.busySeconds).toBe(10);
    expect(found.functions.slice(0, 2)).toEqual([
      { name: 'send node_modules/undici/lib/client.js:10', share: 0.3 },
      { name: 'admit apps/delivery/dist/engine/lane.js:10', share: 0.2 },
    ]);
    expect(found.packages).toEqual([
      { name: 'undici', share: 0.3 },
      { name: 'apps/delivery', share: 0.2 },
      { name: '(garbage collector)', share: 0.2 },
      { name: '(native)', share: 0.1 },
      { name: 'node', share: 0.1 },
      { name: '@b/c', share: 0.1 },
    ]);
  });
});
