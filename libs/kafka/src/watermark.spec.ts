import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decodeFinished, encodeFinished } from './metadata-codec.js';
import { PartitionWatermark } from './watermark.js';
import type { OffsetCommit } from './watermark.js';

/** Offsets with gaps, as compaction and control records leave them. */
const logs = fc
  .tuple(fc.nat(1_000), fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 60 }))
  .map(([start, steps]) => steps.map((_, index) => start + steps.slice(0, index).reduce((sum, step) => sum + step, 0)));

/** What a member does with a log until it dies: how much it reads, which of that it finishes, when it commits. */
interface Life {
  readonly read: number;
  readonly finish: readonly number[];
  readonly commitEvery: number;
}
const lives = fc.array(
  fc.record({
    read: fc.nat(60),
    finish: fc.array(fc.nat(59), { maxLength: 60 }),
    commitEvery: fc.integer({ min: 1, max: 10 }),
  }),
  { minLength: 1, maxLength: 5 },
);

/** One life; gives what was handed out, what was finished, and the last commit. */
function live(log: readonly number[], start: OffsetCommit, { read, finish, commitEvery }: Life) {
  const watermark = new PartitionWatermark(start);
  const handed: number[] = [];
  for (const offset of log.filter((one) => one >= start.offset).slice(0, read)) {
    const old = watermark.isDone(offset);
    watermark.track(offset);
    if (old) watermark.done(offset);
    else handed.push(offset);
  }
  let commit = watermark.commit() ?? start;
  const finished: number[] = [];
  let finishedAtCommit = 0;
  for (const [index, pick] of finish.entries()) {
    const offset = handed[pick % Math.max(1, handed.length)];
    if (offset !== undefined && watermark.done(offset)) finished.push(offset);
    if (index % commitEvery !== 0) continue;
    commit = watermark.commit() ?? commit;
    finishedAtCommit = finished.length;
  }
  return { handed, finished, commit, committed: finished.slice(0, finishedAtCommit) };
}

describe('PartitionWatermark', () => {
  it('given any order of acknowledgements and any deaths, loses nothing and repeats only what was not committed', () => {
    fc.assert(
      fc.property(logs, lives, (log, all) => {
        const committed = new Set<number>();
        const finished = new Set<number>();
        let commit: OffsetCommit = { offset: log[0] ?? 0, metadata: '' };
        for (const life of all) {
          const lived = live(log, commit, life);
          for (const offset of lived.handed) expect(committed).not.toContain(offset);
          for (const offset of lived.committed) committed.add(offset);
          for (const offset of lived.finished) finished.add(offset);
          ({ commit } = lived);
          for (const offset of log) if (offset < commit.offset) expect(finished).toContain(offset);
        }
        const last = live(log, commit, { read: 60, finish: [], commitEvery: 1 });
        expect(new Set([...committed, ...last.handed])).toEqual(new Set(log));
        for (const offset of last.handed) expect(committed).not.toContain(offset);
      }),
      { numRuns: 500 },
    );
  });

  it('given everything finished in any order, commits the end of the log without metadata', () => {
    fc.assert(
      fc.property(logs, fc.infiniteStream(fc.nat()), (log, random) => {
        const watermark = new PartitionWatermark({ offset: log[0] ?? 0 });
        for (const offset of log) watermark.track(offset);
        const rest = [...log];
        while (rest.length > 0)
          for (const offset of rest.splice((random.next().value ?? 0) % rest.length, 1)) watermark.done(offset);
        expect(watermark.commit()).toEqual({ offset: (log.at(-1) ?? 0) + 1, metadata: '' });
        expect(watermark.inFlight).toBe(0);
      }),
    );
  });

  it('given a record that is not done, never commits past it', () => {
    const watermark = new PartitionWatermark({ offset: 10 });
    for (const offset of [10, 11, 12]) watermark.track(offset);
    watermark.done(11);
    watermark.done(12);
    watermark.advance(20);
    expect(watermark.commit()?.offset).toBe(10);
    expect(watermark.inFlight).toBe(1);
  });

  it('given control records at the end, commits past them', () => {
    const watermark = new PartitionWatermark({ offset: 10 });
    watermark.track(10);
    watermark.done(10);
    expect(watermark.advance(12)).toBe(true);
    expect(watermark.commit()?.offset).toBe(12);
  });

  it('given nothing new, has nothing to commit, until told that the last commit did not arrive', () => {
    const watermark = new PartitionWatermark({ offset: 0 });
    expect(watermark.commit()).toBeUndefined();
    watermark.track(0);
    expect(watermark.commit()).toBeUndefined();
    watermark.done(0);
    const commit = watermark.commit();
    expect(commit).toEqual({ offset: 1, metadata: '' });
    expect(watermark.commit()).toBeUndefined();
    watermark.uncommitted();
    expect(watermark.commit()).toEqual(commit);
  });

  it('given a record twice, counts it once', () => {
    const watermark = new PartitionWatermark({ offset: 0 });
    expect([watermark.track(0), watermark.track(0)]).toEqual([true, false]);
    expect([watermark.done(0), watermark.done(0), watermark.done(5)]).toEqual([true, false, false]);
    expect(watermark.inFlight).toBe(0);
  });

  it('given a commit before the restored offsets were read again, keeps them in it', () => {
    const before = new PartitionWatermark({ offset: 0 });
    for (const offset of [0, 1, 2, 3, 4]) before.track(offset);
    before.done(2);
    before.done(4);
    const restored = new PartitionWatermark(before.commit() ?? { offset: -1 });
    restored.track(0);
    restored.done(0);
    const again = new PartitionWatermark(restored.commit() ?? { offset: -1 });
    expect([1, 2, 3, 4].map((offset) => again.isDone(offset))).toEqual([false, true, false, true]);
  });

  it('given a commit while a run of restored offsets is read again, keeps all of it', () => {
    const restored = new PartitionWatermark({ offset: 0, metadata: encodeFinished(0, [{ from: 1, to: 100 }]) });
    restored.track(0);
    for (let offset = 1; offset < 40; offset++) {
      restored.track(offset);
      restored.done(offset);
    }
    const { offset, metadata } = restored.commit() ?? { offset: -1 };

    expect(offset).toBe(0);
    expect(decodeFinished(0, metadata)).toEqual([{ from: 1, to: 100 }]);
  });

  it('given a hundred thousand records with one that stays, stays exact', () => {
    const watermark = new PartitionWatermark({ offset: 0 });
    for (let offset = 0; offset < 100_000; offset++) watermark.track(offset);
    for (let offset = 0; offset < 100_000; offset++) if (offset !== 50_000) watermark.done(offset);
    const commit = watermark.commit();
    expect(commit?.offset).toBe(50_000);
    const restored = new PartitionWatermark(commit ?? { offset: -1 });
    expect([50_000, 50_001, 99_999, 100_000].map((offset) => restored.isDone(offset))).toEqual([
      false,
      true,
      true,
      false,
    ]);
  });

  it('given runs that were finished before, tells where the next record is that was not', () => {
    const lengths = fc.array(fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 })), {
      maxLength: 10,
    });
    fc.assert(
      fc.property(lengths, (given) => {
        const runs: { from: number; to: number }[] = [];
        let at = 0;
        for (const [gap, length] of given) runs.push({ from: at + gap, to: (at += gap + length) });
        const restored = new PartitionWatermark({ offset: 0, metadata: encodeFinished(0, runs) });
        const isDone = (offset: number): boolean => runs.some(({ from, to }) => from <= offset && offset < to);
        for (let offset = 0; offset < at + 3; offset++) {
          let undone = offset;
          while (isDone(undone)) undone += 1;
          expect(restored.undoneFrom(offset)).toBe(undone);
        }
      }),
    );
  });
});
