import { describe, expect, it } from '@jest/globals';
import { encodeIdentities, IDENTITY_BYTES, putIdentity } from '@postduif/contracts';
import { Segments } from './segments.js';

const MINUTE = 60_000;

/** Of events that all came at one moment. */
const record = (from: number, to: number, timestamp = 0): Buffer => {
  const entries = Buffer.alloc((to - from) * IDENTITY_BYTES);
  for (let index = 0; index < to - from; index++)
    putIdentity(entries, index, new Uint32Array(4), from + index, timestamp);
  return encodeIdentities({ from, to, entries });
};
const empty = (from: number, to: number): Buffer => encodeIdentities({ from, to, entries: Buffer.alloc(0) });

describe('the segments of the last minutes', () => {
  it('are told of each partition by where they begin, whoever wrote them when', () => {
    const segments = new Segments();
    for (const from of [20, 0, 10]) segments.keep(3, record(from, from + 10));
    segments.keep(4, record(7, 8));
    expect(segments.of(3).map(({ from, to }) => [from, to])).toEqual([
      [0, 10],
      [10, 20],
      [20, 30],
    ]);
    expect(segments.of(4)).toHaveLength(1);
    expect(segments.of(5)).toEqual([]);
    expect(segments.bytes).toBe(31 * IDENTITY_BYTES);
  });

  it('are forgotten when nobody can need them any more, by the times of their events, whenever they came', () => {
    const segments = new Segments();
    for (let minute = 0; minute < 300; minute++)
      segments.keep(0, record(minute * 100, (minute + 1) * 100, minute * MINUTE));
    expect(segments.of(0)[0]).toMatchObject({ from: (299 - 11) * 100 });
    expect(segments.bytes).toBe(12 * 100 * IDENTITY_BYTES);
  });

  it('are kept of a partition to which no more comes', () => {
    const segments = new Segments();
    segments.keep(0, record(0, 10));
    segments.keep(1, record(0, 10, 300 * MINUTE));
    expect(segments.of(0)).toHaveLength(1);
  });

  it('leave no gap where there was no event, which goes with what was before it', () => {
    const segments = new Segments();
    const from = () => segments.of(0).map((segment) => segment.from);
    for (const value of [record(0, 10, MINUTE), empty(10, 20), record(20, 30, 12 * MINUTE)]) segments.keep(0, value);
    expect(from()).toEqual([0, 10, 20]);
    segments.keep(0, record(30, 40, 13 * MINUTE));
    expect(from()).toEqual([20, 30]);
  });

  it('are forgotten also behind one of whose events one is far ahead in time', () => {
    const segments = new Segments();
    segments.keep(0, record(0, 1, 1_000 * MINUTE));
    for (let minute = 0; minute < 100; minute++) segments.keep(0, record(minute + 1, minute + 2, minute * MINUTE));
    expect(segments.of(0).map(({ from }) => from)).toEqual([0, ...Array.from({ length: 12 }, (_, i) => 89 + i)]);
  });

  it('leave out what cannot be read', () => {
    const segments = new Segments();
    segments.keep(0, null);
    segments.keep(0, Buffer.from('what is this?'));
    expect(segments.of(0)).toEqual([]);
    expect(segments.bytes).toBe(0);
  });
});
