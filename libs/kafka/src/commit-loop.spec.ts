import { describe, expect, it } from '@jest/globals';
import { CommitLoop } from './commit-loop.js';
import type { PartitionCommit } from './group-member.js';
import { PartitionAssignment } from './partition-assignment.js';
import { silentLog } from './testing/silent-log.js';

function assignmentOf(partition: number): PartitionAssignment {
  const assignment = new PartitionAssignment({ topic: 't', partition }, 1);
  assignment.begin({ offset: 0, low: 0, high: 100 });
  for (let offset = 0; offset < 100; offset++) assignment.track(offset, 1);
  return assignment;
}

/** A loop whose commits return when the test says so. */
function loopOf(intervalMs = 0) {
  const started: { commits: readonly PartitionCommit[]; resolve: () => void; reject: (error: Error) => void }[] = [];
  let notify = (): void => undefined;
  const loop = new CommitLoop({
    commit: (commits) => {
      const { promise, resolve, reject } = Promise.withResolvers<undefined>();
      started.push({
        commits,
        resolve: () => {
          resolve(undefined);
        },
        reject,
      });
      notify();
      return promise;
    },
    intervalMs,
    log: silentLog,
    clock: Date,
  });
  const commit = async (count: number) => {
    while (started.length < count) await new Promise<void>((resolve) => (notify = resolve));
    return started[count - 1]!;
  };
  return { loop, started, commit };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('CommitLoop', () => {
  it('given progress on several partitions in one turn, commits all of it at once', async () => {
    const { loop, commit } = loopOf();
    const [first, second] = [assignmentOf(0), assignmentOf(1)];
    for (const [assignment, offset] of [
      [first, 0],
      [second, 0],
      [first, 1],
    ] as const) {
      assignment.done(offset, 1);
      loop.progressed(assignment);
    }
    const { commits, resolve } = await commit(1);
    expect(commits.map(({ partition, offset }) => [partition, offset])).toEqual([
      [0, 2],
      [1, 1],
    ]);
    resolve();
    await loop.flush(1_000);
    expect([first.committed, second.committed]).toEqual([2, 1]);
  });

  it('given progress while a commit is under way, starts the next one when that has returned, and none after it', async () => {
    const { loop, started, commit } = loopOf();
    const assignment = assignmentOf(0);
    assignment.done(0, 1);
    loop.progressed(assignment);
    const first = await commit(1);
    assignment.done(1, 1);
    loop.progressed(assignment);
    await turn();
    expect(started).toHaveLength(1);
    first.resolve();
    const second = await commit(2);
    expect(second.commits[0]?.offset).toBe(2);
    second.resolve();
    await loop.flush(1_000);
    await turn();
    expect(started).toHaveLength(2);
  });

  it('given a commit that fails, commits what is there by then again', async () => {
    const { loop, commit } = loopOf();
    const assignment = assignmentOf(0);
    assignment.done(1, 1);
    loop.progressed(assignment);
    (await commit(1)).reject(new Error('rebalance'));
    assignment.done(0, 1);
    loop.progressed(assignment);
    loop.hurry();
    const again = await commit(2);
    expect(again.commits[0]).toMatchObject({ offset: 2, metadata: '' });
    again.resolve();
  });

  it('given an assignment that was taken away, does not commit it any more', async () => {
    const { loop, started, commit } = loopOf();
    const [lost, kept] = [assignmentOf(0), assignmentOf(1)];
    for (const assignment of [lost, kept]) {
      assignment.done(0, 1);
      loop.progressed(assignment);
    }
    (await commit(1)).reject(new Error('illegal generation'));
    lost.end();
    const again = await commit(2);
    expect(again.commits.map(({ partition }) => partition)).toEqual([1]);
    again.resolve();
    await loop.flush(1_000);
    expect(started).toHaveLength(2);
  });

  it('when stopped, commits nothing more', async () => {
    const { loop, started } = loopOf();
    const assignment = assignmentOf(0);
    assignment.done(0, 1);
    loop.stop();
    loop.progressed(assignment);
    await turn();
    await turn();
    expect(started).toHaveLength(0);
  });
});
