import { setImmediate as settled } from 'node:timers/promises';
import { describe, expect, it, jest } from '@jest/globals';
import { decodeIdentities } from '@postduif/contracts';
import type { OutgoingRecord } from '@postduif/kafka';
import { RepeatWindows } from './repeat-windows.js';
import { SegmentWriter } from './segment-writer.js';

const NOW = Date.UTC(2026, 0, 15, 10, 20, 30);

function given() {
  const windows = new RepeatWindows();
  const place = { partition: 2, position: 0 as number | undefined, watermark: 0 as number | undefined };
  const records: OutgoingRecord[] = [];
  const log = { warn: jest.fn() };
  const kafka = { takes: true };
  const send = (record: OutgoingRecord): Promise<void> => {
    records.push(record);
    return kafka.takes ? Promise.resolve() : Promise.reject(new Error('Kafka is away'));
  };
  const writer = new SegmentWriter({
    windows,
    partitions: () => [place],
    producer: { send },
    topic: 'identities',
    log,
  });
  const read = (from: number, to: number): void => {
    for (let offset = from; offset < to; offset++)
      windows.isRepeat({ account: '1', id: `event ${offset}` }, { partition: 2, offset, timestamp: NOW });
  };
  return { windows, place, records, log, kafka, writer, read };
}

const rangeOf = ({ value }: OutgoingRecord) => {
  const { from, to, entries } = decodeIdentities(value as Buffer) ?? {};
  return { from, to, events: (entries?.length ?? 0) / 32 };
};

describe('what is written down of the last events', () => {
  it('is all that is done, and not what was read beyond it', () => {
    const { windows, place, records, writer, read } = given();
    windows.begin(2, [], 0, 0);
    read(0, 30);
    Object.assign(place, { position: 30, watermark: 20 });
    writer.write();
    Object.assign(place, { position: 30, watermark: 30 });
    writer.write();
    writer.write();
    expect(records.map(rangeOf)).toEqual([
      { from: 0, to: 20, events: 20 },
      { from: 20, to: 30, events: 10 },
    ]);
    expect(records[0]).toMatchObject({ topic: 'identities', key: '2', partition: 0 });
  });

  it('is, while events are read again, what has been read of them', () => {
    const { windows, place, records, writer, read } = given();
    windows.begin(2, [], 0, 100);
    read(0, 40);
    Object.assign(place, { position: 40, watermark: 100 });
    writer.write();
    expect(records.map(rangeOf)).toEqual([{ from: 0, to: 40, events: 40 }]);
  });

  it('is nothing of a partition whose reading has not begun', () => {
    const { place, records, writer } = given();
    Object.assign(place, { position: undefined, watermark: 100 });
    writer.write();
    Object.assign(place, { position: 99, watermark: 100 });
    writer.write();
    expect(records).toEqual([]);
  });

  it('has a gap where Kafka does not take it, which is said once', async () => {
    const { windows, place, records, log, kafka, writer, read } = given();
    windows.begin(2, [], 0, 0);
    kafka.takes = false;
    for (const to of [10, 20, 30]) {
      if (to === 30) kafka.takes = true;
      read(to - 10, to);
      Object.assign(place, { position: to, watermark: to });
      writer.write();
      await settled();
    }
    expect(records.map(rangeOf).map(({ from, to }) => [from, to])).toEqual([
      [0, 10],
      [10, 20],
      [20, 30],
    ]);
    expect(log.warn).toHaveBeenCalledTimes(1);
  });
});
