import { describe, expect, it } from '@jest/globals';
import { encodeFinished } from './metadata-codec.js';
import { PartitionAssignment } from './partition-assignment.js';

describe('an assignment', () => {
  const begun = (highWatermark: number): PartitionAssignment => {
    const assignment = new PartitionAssignment({ topic: 'a', partition: 0 }, 1);
    const metadata = encodeFinished(0, [
      { from: 1, to: 100 },
      { from: 101, to: 200 },
    ]);
    assignment.begin({ offset: 0, metadata, low: 0, high: highWatermark });
    return assignment;
  };

  it('reads on at the next record that was not finished before', () => {
    const assignment = begun(1_000);
    expect([0, 1, 50, 100, 101, 200].map((next) => assignment.undoneFrom(next))).toEqual([0, 100, 100, 100, 200, 200]);
  });

  it('reads on no further than where its partition ends, as the log may have been cut since', () => {
    const assignment = begun(50);
    expect([1, 50, 60].map((next) => assignment.undoneFrom(next))).toEqual([50, 50, 60]);
  });
});
