import { describe, expect, it } from '@jest/globals';
import { parseEvent } from '@postduif/contracts';
import { EVENT_BYTES, eventText } from './event-text.js';

describe('an event of the load', () => {
  it.each([
    ['of a type of its own', { type: 'bench.throughput' }],
    ['of a type of its own with a database', { type: 'bench.crowd', database: 99_999 }],
    ['that is a click', { type: 'click' }],
  ])('%s, keeps the contract, has 512 bytes and an id that ends in its number', (_case, shape) => {
    const text = eventText(shape, 1_234);
    const filledIn = { account: '1', time: '2026-01-15T10:20:30Z', ...(JSON.parse(text) as object) };
    expect(parseEvent(filledIn)).toMatchObject({ event: { ...shape, id: 'bench-000001234' } });
    expect(Buffer.byteLength(text)).toBe(EVENT_BYTES);
  });
});
