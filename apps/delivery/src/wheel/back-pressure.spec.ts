import { describe, expect, it } from '@jest/globals';
import type { PartitionState } from '@postduif/kafka';
import { isBehind, Uncommitted } from './back-pressure.js';

const partition = (more: Partial<PartitionState>): PartitionState => ({
  ...{ topic: 'deliveries', partition: 0, epoch: 1, inFlightRecords: 0, inFlightBytes: 0, paused: false },
  ...{ position: 0, watermark: 0, committed: undefined, highWatermark: 0, lag: 0 },
  ...more,
});

describe('a reader of deliveries', () => {
  it.each([
    [
      'a request that hangs while all the rest is done',
      [{ watermark: 10, position: 90_000, highWatermark: 90_000 }],
      0,
    ],
    ['little to read and to see to', [{ highWatermark: 400 }, { highWatermark: 300 }], 300],
    ['no partition', [], 0],
  ])('given %s, then it is not behind', (_what, states, pending) => {
    expect(isBehind(states.map(partition), pending)).toBe(false);
  });

  it.each([
    ['much to read, in all partitions', [{ highWatermark: 600 }, { position: 5, highWatermark: 606 }], 0],
    ['much to see to', [{}], 1_001],
    ['too much under way', [{}, { paused: true }], 0],
  ])('given %s, then it is behind', (_what, states, pending) => {
    expect(isBehind(states.map(partition), pending)).toBe(true);
  });
});

describe('Uncommitted', () => {
  it('counts what was done since the last commit, over all partitions', () => {
    const uncommitted = new Uncommitted();
    uncommitted.count([partition({ epoch: 1, watermark: 10, committed: 10 }), partition({ epoch: 2, watermark: 5 })]);

    const moved = [partition({ epoch: 1, watermark: 30, committed: 20 }), partition({ epoch: 2, watermark: 8 })];
    expect(uncommitted.count(moved)).toBe(13);
    const settled = moved.map((state) => ({ ...state, committed: state.watermark }));
    expect(uncommitted.count(settled)).toBe(0);
  });

  it('given a start far above the last commit, as the log was cut, then nothing of what is between counts', () => {
    const uncommitted = new Uncommitted();

    expect(uncommitted.count([partition({ watermark: 5_000, committed: 10 })])).toBe(0);
    expect(uncommitted.count([partition({ watermark: 5_001, committed: 10 })])).toBe(1);
    expect(uncommitted.count([partition({ epoch: 2, watermark: 9_000, committed: 10 })])).toBe(0);
  });
});
