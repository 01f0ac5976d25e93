import { describe, expect, it } from '@jest/globals';
import type { IdentitySegment } from '@postduif/contracts';
import fc from 'fast-check';
import { REPEAT_WINDOW_MS, RepeatWindow } from './repeat-window.js';

const NOW = Date.UTC(2026, 0, 15, 10, 20, 30);
const MINUTE = 60_000;

describe('RepeatWindow', () => {
  it('given an identity for the first time, then it is no repeat, and the next with it is one', () => {
    const window = new RepeatWindow();
    expect(window.isRepeat('a', 0, NOW)).toBe(false);
    expect(window.isRepeat('b', 1, NOW)).toBe(false);
    expect(window.isRepeat('a', 2, NOW)).toBe(true);
  });

  it('given the same record again, then it is no repeat of itself', () => {
    const window = new RepeatWindow();
    window.isRepeat('a', 7, NOW);
    expect(window.isRepeat('a', 7, NOW)).toBe(false);
  });

  it('given a record again after its repeat was seen, then it is still the first and the other still the repeat', () => {
    const window = new RepeatWindow();
    window.isRepeat('a', 7, NOW);
    window.isRepeat('a', 8, NOW + MINUTE);
    expect(window.isRepeat('a', 7, NOW)).toBe(false);
    expect(window.isRepeat('a', 8, NOW + MINUTE)).toBe(true);
  });

  it('given a finished repeat that is read before its unfinished first, then the first is no repeat', () => {
    const window = new RepeatWindow();
    window.isRepeat('a', 8, NOW + MINUTE);
    expect(window.isRepeat('a', 7, NOW)).toBe(false);
  });

  it('given ten minutes between them, then it is a repeat; a millisecond more, then not', () => {
    const window = new RepeatWindow();
    window.isRepeat('a', 0, NOW);
    expect(window.isRepeat('a', 1, NOW + REPEAT_WINDOW_MS)).toBe(true);
    expect(window.isRepeat('a', 2, NOW + 2 * REPEAT_WINDOW_MS + 1)).toBe(false);
  });

  it('given a repeat each nine minutes, then all of them are repeats, as an id accepted again counts anew', () => {
    const window = new RepeatWindow();
    window.isRepeat('a', 0, NOW);
    for (let count = 1; count < 10; count++) expect(window.isRepeat('a', count, NOW + count * 9 * MINUTE)).toBe(true);
  });

  it('given a record far from now, then the others stay known', () => {
    const window = new RepeatWindow();
    window.isRepeat('a', 0, NOW);
    window.isRepeat('future', 1, NOW + 1_000 * MINUTE);
    window.isRepeat('past', 2, NOW - 1_000 * MINUTE);
    expect(window.isRepeat('a', 3, NOW + 10 * MINUTE)).toBe(true);
  });

  it('given hours of events, then only those of the last minutes are kept', () => {
    const window = new RepeatWindow();
    for (let minute = 0; minute < 300; minute++)
      for (let count = 0; count < 100; count++)
        window.isRepeat(`${minute}-${count}`, minute * 100 + count, minute * MINUTE);
    expect(window.size).toBe(1_200);
    expect(window.bytes).toBeLessThan(1_200 * 100);
  });

  it('given any records in the order of time, then a repeat is what has an equal one before it within ten minutes', () => {
    const record = fc.record({ identity: fc.constantFrom('a', 'b', 'c'), pause: fc.nat(12 * MINUTE) });
    fc.assert(
      fc.property(fc.array(record, { maxLength: 40 }), fc.nat(40), (given, restart) => {
        let time = NOW;
        const records = given.map(({ identity, pause }, offset) => ({ identity, offset, time: (time += pause) }));
        const isRepeat = (one: (typeof records)[number]): boolean =>
          records.some(
            ({ identity, offset, time: earlier }) =>
              identity === one.identity && offset < one.offset && one.time - earlier <= REPEAT_WINDOW_MS,
          );
        const window = new RepeatWindow();
        for (const one of records) expect(window.isRepeat(one.identity, one.offset, one.time)).toBe(isRepeat(one));

        // After a restart the window is built anew from the ten minutes before the record where reading goes on.
        const first = records[restart];
        if (first === undefined) return;
        const rebuilt = new RepeatWindow();
        for (const one of records.filter(({ time: at }) => at >= first.time - REPEAT_WINDOW_MS)) {
          const answer = rebuilt.isRepeat(one.identity, one.offset, one.time);
          if (one.offset >= first.offset) expect(answer).toBe(isRepeat(one));
        }
      }),
    );
  });

  it('given segments instead of the records, then repeats are the same, and reading goes on where the segments end', () => {
    const record = fc.record({ identity: fc.constantFrom('a', 'b', 'c', 'd', 'e'), pause: fc.nat(4 * MINUTE) });
    const cuts = fc.array(fc.nat(40), { maxLength: 6 });
    fc.assert(
      fc.property(fc.array(record, { maxLength: 40 }), fc.nat(40), cuts, fc.nat(3), (given, live, ends, missing) => {
        let time = NOW;
        const records = given.map(({ identity, pause }, offset) => ({ identity, offset, time: (time += pause) }));
        const current = records[live];
        if (current === undefined) return;
        const first = records.findIndex(({ time: at }) => at >= current.time - REPEAT_WINDOW_MS);

        const window = new RepeatWindow();
        expect(window.begin([], 0, 0)).toBe(0);
        const segments: IdentitySegment[] = [];
        const expected: boolean[] = [];
        for (const one of records) {
          expected.push(window.isRepeat(one.identity, one.offset, one.time));
          const segment = ends.includes(one.offset) ? window.cut(one.offset + 1) : undefined;
          if (segment !== undefined) segments.push(segment);
        }
        segments.splice(missing, 1);

        const rebuilt = new RepeatWindow();
        const from = rebuilt.begin(segments, first, live);
        expect(from).toBeGreaterThanOrEqual(first);
        expect(from).toBeLessThanOrEqual(live);
        const covering = segments.filter(({ from: begin, to }) => begin <= from && to > from);
        expect(from === live ? [] : covering).toEqual([]);
        for (const one of records.slice(from)) {
          const answer = rebuilt.isRepeat(one.identity, one.offset, one.time);
          if (one.offset >= live) expect(answer).toBe(expected[one.offset]);
        }
        // What it writes goes on where it began.
        expect(rebuilt.cut(records.length)?.from ?? from).toBe(from);
      }),
    );
  });

  it('given segments of two processes that overlap, then what either of them holds is known', () => {
    const [one, other] = [new RepeatWindow(), new RepeatWindow()];
    one.begin([], 0, 0);
    other.begin([], 1, 1);
    for (const [offset, identity] of ['a', 'b', 'c'].entries()) {
      one.isRepeat(identity, offset, NOW);
      if (offset > 0) other.isRepeat(identity, offset, NOW);
    }
    other.isRepeat('a', 3, NOW);
    const segments = [one.cut(3), other.cut(4)].filter((segment) => segment !== undefined);
    const rebuilt = new RepeatWindow();
    expect(rebuilt.begin(segments, 0, 4)).toBe(4);
    expect(rebuilt.size).toBe(3);
    expect(['a', 'b', 'c', 'd'].map((identity, index) => rebuilt.isRepeat(identity, 4 + index, NOW))).toEqual([
      true,
      true,
      true,
      false,
    ]);
  });
});
