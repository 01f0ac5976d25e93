import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { recordOf } from '../testing/records.js';
import type { TestRecord } from '../testing/records.js';
import type { StoredBatch } from './batch-store.js';
import { BatchWriter } from './batch-writer.js';
import { OffsetMovedError } from './offset-store.js';
import type { OffsetMove, TopicPartition } from './offset-store.js';
import type { SourceRecord } from './source-record.js';

type Fault = 'none' | 'before' | 'after';

/** Offsets and rows in memory, with the promise of the real store: both change or neither. Fails as told. */
class MemoryStore {
  readonly offsets = new Map<number, number>();
  readonly rows: string[] = [];
  readonly batches: number[] = [];

  constructor(private readonly faults: Iterator<Fault>) {}

  async read(partitions: readonly TopicPartition[]): Promise<number[]> {
    await Promise.resolve();
    if (this.#fault() !== 'none') throw new Error('away');
    return partitions.map(({ partition }) => this.offsets.get(partition) ?? 0);
  }

  async write(records: readonly SourceRecord[], moves: readonly OffsetMove[]): Promise<StoredBatch> {
    await Promise.resolve();
    const fault = this.#fault();
    if (fault === 'before') throw new Error('away');
    for (const { partition, expected } of moves)
      if ((this.offsets.get(partition) ?? 0) !== expected) throw new OffsetMovedError();
    for (const { partition, next } of moves) this.offsets.set(partition, next);
    this.rows.push(...records.map(({ partition, offset }) => `${partition}/${offset}`));
    this.batches.push(records.length);
    if (fault === 'after') throw new Error('lost the answer to COMMIT');
    return { rows: {}, unreadable: [] };
  }

  #fault(): Fault {
    const { value } = this.faults.next() as { value?: Fault };
    return value ?? 'none';
  }
}

function writerOn(store: MemoryStore, offsets: Pick<MemoryStore, 'read'> = store): BatchWriter {
  return new BatchWriter({
    offsets,
    store,
    observer: { stored: () => undefined, failed: () => undefined, moved: () => undefined },
    pause: () => Promise.resolve(),
    rewound: () => {
      throw new Error('nothing was lost');
    },
  });
}

const place = (partition: number): TopicPartition => ({ topic: 'events', partition });

function records(partition: number, from: number, to: number): TestRecord[] {
  return Array.from({ length: to - from }, (_, index) =>
    recordOf({ topic: 'events', partition, offset: from + index }, {}),
  );
}

async function finished(all: readonly TestRecord[]): Promise<void> {
  while (!all.every((record) => record.finished() > 0)) await new Promise(setImmediate);
}

describe('BatchWriter', () => {
  it('whatever fails before or after a commit, stores each record once and says so once', async () => {
    const faults = fc.array(fc.constantFrom<Fault>('none', 'before', 'after'), { maxLength: 40 });
    const scenario = fc.tuple(
      faults,
      fc.array(fc.tuple(fc.nat(2), fc.integer({ min: 1, max: 40 })), { maxLength: 12 }),
    );
    await fc.assert(
      fc.asyncProperty(scenario, async ([faultList, chunks]) => {
        const store = new MemoryStore(faultList.values());
        const writer = writerOn(store);
        while ((await writer.assign([0, 1, 2].map(place)).catch(() => undefined)) === undefined);
        const all: TestRecord[] = [];
        const next = [0, 0, 0];
        for (const [partition, count] of chunks) {
          const from = next[partition] ?? 0;
          const chunk = records(partition, from, from + count);
          next[partition] = from + count;
          all.push(...chunk);
          for (const record of chunk) writer.add(record);
          await Promise.resolve();
        }
        await finished(all);
        expect(store.rows.toSorted()).toEqual(all.map(({ partition, offset }) => `${partition}/${offset}`).toSorted());
        expect(all.every((record) => record.finished() === 1)).toBe(true);
      }),
    );
  });

  it('given records that come while a transaction is under way, stores them in one batch after it', async () => {
    const store = new MemoryStore([].values());
    const writer = writerOn(store);
    await writer.assign([place(0)]);
    const all = records(0, 0, 101);
    writer.add(all[0]!);
    await Promise.resolve();
    await Promise.resolve();
    for (const record of all.slice(1)) writer.add(record);
    await finished(all);
    expect(store.batches).toEqual([1, 100]);
  });

  it('given more than a transaction takes, stores several bounded batches', async () => {
    const store = new MemoryStore([].values());
    const writer = writerOn(store);
    await writer.assign([place(0)]);
    const all = records(0, 0, 4_500);
    for (const record of all) writer.add(record);
    await finished(all);
    expect(store.batches).toEqual([2_000, 2_000, 500]);
  });

  it('given large records, bounds a batch by its bytes', async () => {
    const store = new MemoryStore([].values());
    const writer = writerOn(store);
    await writer.assign([place(0)]);
    const body = Buffer.alloc(3 * 1024 * 1024);
    const all = [0, 1, 2, 3, 4].map((offset) => recordOf({ topic: 'events', offset }, body));
    for (const record of all) writer.add(record);
    await finished(all);
    expect(store.batches).toEqual([2, 2, 1]);
  });

  it('given records that were taken before, as after joining the group anew, stores each once', async () => {
    const store = new MemoryStore([].values());
    const writer = writerOn(store);
    await writer.assign([place(0)]);
    const all = records(0, 0, 10);
    for (const record of [...all, ...records(0, 3, 10)]) writer.add(record);
    await finished(all);
    const again = [...records(0, 8, 10), ...records(0, 10, 12)];
    for (const record of again) writer.add(record);
    await finished(again);
    expect(store.rows).toEqual([...all, ...records(0, 10, 12)].map(({ offset }) => `0/${offset}`));
  });

  it('given a partition that is assigned again while the first answer is still awaited, loses nothing', async () => {
    const store = new MemoryStore([].values());
    const first = Promise.withResolvers<number[]>();
    const answers = [first.promise, Promise.resolve([0])];
    const writer = writerOn(store, { read: async () => (await answers.shift()) ?? [] });
    const late = writer.assign([place(0)]);
    await writer.assign([place(0)]);
    const all = records(0, 0, 6);
    for (const record of all.slice(0, 3)) writer.add(record);
    first.resolve([0]);
    await late;
    for (const record of all.slice(3)) writer.add(record);
    await finished(all);
    expect(store.rows).toEqual(all.map(({ offset }) => `0/${offset}`));
  });

  it('given offsets with gaps, as after a transaction marker or expired records, goes on behind them', async () => {
    const store = new MemoryStore([].values());
    const writer = writerOn(store);
    await writer.assign([place(0)]);
    const all = [...records(0, 5, 7), ...records(0, 100, 102)];
    for (const record of all) writer.add(record);
    await finished(all);
    expect(store.offsets.get(0)).toBe(102);
  });

  it('when it is stopped while PostgreSQL is away, gives up at once', async () => {
    const store = new MemoryStore(
      (['none', ...Array.from({ length: 1_000 }, () => 'before' as const)] as Fault[]).values(),
    );
    const writer = writerOn(store);
    await writer.assign([place(0)]);
    const all = records(0, 0, 3);
    for (const record of all) writer.add(record);
    await writer.stop();
    expect(all.some((record) => record.finished() > 0)).toBe(false);
  });

  it('when it is stopped, stores what was waiting and takes nothing more', async () => {
    const store = new MemoryStore([].values());
    const writer = writerOn(store);
    await writer.assign([place(0)]);
    for (const record of records(0, 0, 3)) writer.add(record);
    const stopped = writer.stop();
    writer.add(recordOf({ topic: 'events', offset: 3 }, {}));
    await stopped;
    expect(store.rows).toEqual(['0/0', '0/1', '0/2']);
  });
});
