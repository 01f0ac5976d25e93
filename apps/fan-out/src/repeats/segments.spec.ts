import { describe, expect, it } from '@jest/globals';
import { encodeIdentities, IDENTITY_BYTES } from '@postduif/contracts';
import { Segments } from './segments.js';

const MINUTE = 60_000;

const record = (from: number, to: number): Buffer =>
  encodeIdentities({ from, to, entries: Buffer.alloc((to - from) * IDENTITY_BYTES) });

describe('the segments of the last minutes', () => {
  it('are told of each partition by where they begin, whoever wrote them when', () => {
    const segments = new Segments(() => 0);
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

  it('are forgotten when nobody can need them any more', () => {
    let now = 0;
    const segments = new Segments(() => now);
    for (let minute = 0; minute < 300; minute++) {
      now = minute * MINUTE;
      segments.keep(0, record(minute * 100, (minute + 1) * 100));
    }
    expect(segments.of(0)[0]).toMatchObject({ from: (299 - 11) * 100 });
    expect(segments.bytes).toBe(12 * 100 * IDENTITY_BYTES);
  });

  it('leave out what cannot be read', () => {
    const segments = new Segments(() => 0);
    segments.keep(0, null);
    segments.keep(0, Buffer.from('what is this?'));
    expect(segments.of(0)).toEqual([]);
    expect(segments.bytes).toBe(0);
  });
});
