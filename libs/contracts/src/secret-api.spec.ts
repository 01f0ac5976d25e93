import { describe, expect, it } from '@jest/globals';
import { rotateSecret } from './secret-api.js';

describe('a request for another secret', () => {
  it('given nothing, then the old one goes on for a day', () => {
    expect(rotateSecret.parse({})).toEqual({ overlap: 86_400 });
  });

  it.each([0, 1, 604_800])('given an overlap of %d seconds, then it counts', (overlap) => {
    expect(rotateSecret.parse({ overlap })).toEqual({ overlap });
  });

  it.each([-1, 0.5, 604_801, '60', null])('given an overlap of %j, then its bounds are said', (overlap) => {
    expect(rotateSecret.safeParse({ overlap }).error?.issues[0]?.message).toContain('from 0 to 604,800 (7 days)');
  });

  it('given a name that is not known, then it is refused', () => {
    expect(rotateSecret.safeParse({ overlaps: 60 }).success).toBe(false);
  });
});
