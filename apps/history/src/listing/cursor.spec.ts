import { describe, expect, it } from '@jest/globals';
import { ApiError } from '@postduif/contracts';
import fc from 'fast-check';
import { decodeCursor, encodeCursor } from './cursor.js';

const position = fc.record({
  time: fc.integer({ min: 0, max: Date.UTC(9999, 11, 31) }),
  partition: fc.nat(2_147_483_647),
  offset: fc.maxSafeNat(),
});

describe('cursors', () => {
  it('read back to the position that they were made of', () => {
    fc.assert(
      fc.property(position, (at) => {
        const cursor = encodeCursor('events', at);
        expect(decodeCursor('events', cursor)).toEqual(at);
        expect(cursor).toMatch(/^[A-Za-z0-9_-]+$/);
      }),
    );
  });

  it('are refused when any character was changed, added or taken away', () => {
    const changes = fc.tuple(
      position,
      fc.nat(),
      fc.constantFrom('A', 'B', 'a', '0', '1', '-', '_', '=', '.', ' ', '%'),
      fc.constantFrom(0, 1),
      fc.boolean(),
    );
    fc.assert(
      fc.property(changes, ([at, place, character, removed, insert]) => {
        const cursor = encodeCursor('events', at);
        const index = place % (cursor.length + 1);
        const changed = cursor.slice(0, index) + (insert ? character : '') + cursor.slice(index + removed);
        fc.pre(changed !== cursor);
        expect(() => decodeCursor('events', changed)).toThrow(ApiError);
      }),
    );
  });

  it('are refused by another list', () => {
    const cursor = encodeCursor('attempts', { time: 1, partition: 2, offset: 3 });
    expect(() => decodeCursor('events', cursor)).toThrow('The cursor is not valid.');
  });
});
