import { describe, expect, it } from '@jest/globals';
import { own } from './partition-record.js';

describe('own', () => {
  it.each([
    ['most', 600, 1_000],
    ['a little', 10, 1_000],
  ])('given a part that is %s of what was read, then it keeps nothing else in memory', (_size, length, read) => {
    const whole = Buffer.alloc(read, 'x');
    const part = own(whole.subarray(100, 100 + length));

    expect(part).toEqual(Buffer.alloc(length, 'x'));
    expect(part?.buffer).not.toBe(whole.buffer);
  });

  it('given all that was read, then it is not copied', () => {
    const whole = Buffer.alloc(1_000_000);

    expect(own(whole.subarray(20))?.buffer).toBe(whole.buffer);
  });
});
