import { describe, expect, it } from '@jest/globals';
import { selectors } from './selectors.js';

describe('selectors', () => {
  it('begin with year and month in UTC, then count', () => {
    const generator = selectors(new Date('2026-01-31T23:59:59Z'));
    expect([generator.next().value, generator.next().value, generator.next().value]).toEqual([
      'wh202601',
      'wh202601-2',
      'wh202601-3',
    ]);
  });
});
