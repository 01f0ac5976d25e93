import { describe, expect, it } from '@jest/globals';
import { attemptOf } from '../testing/records.js';
import { deliveriesOf } from './deliveries.js';

describe('deliveriesOf', () => {
  it('given attempts of two webhooks, groups them by delivery', () => {
    const deliveries = deliveriesOf([
      attemptOf({ delivery: 'a', webhook: '1', attempt: 1 }),
      attemptOf({ delivery: 'b', webhook: '2', attempt: 1 }),
      attemptOf({ delivery: 'a', webhook: '1', attempt: 2 }),
    ]);
    expect(deliveries.map(({ id, webhook, attempts }) => [id, webhook, attempts.length])).toEqual([
      ['a', '1', 2],
      ['b', '2', 1],
    ]);
  });

  it('given a failure with a next attempt, says when that is', () => {
    const nextAttemptAt = '2026-01-15T10:20:35.000Z';
    expect(deliveriesOf([attemptOf({ outcome: 'retrying', nextAttemptAt })])[0]).toMatchObject({
      state: 'retrying',
      nextAttemptAt,
    });
  });

  it('given a last failure, says why the delivery is dead', () => {
    const attempts = [
      attemptOf({ attempt: 1, outcome: 'retrying', nextAttemptAt: '2026-01-15T10:20:35.000Z' }),
      attemptOf({ attempt: 2, outcome: 'dead', reason: 'attempts_exhausted' }),
    ];
    const [delivery] = deliveriesOf(attempts);
    expect(delivery).toMatchObject({ state: 'dead', reason: 'attempts_exhausted' });
    expect(delivery).not.toHaveProperty('nextAttemptAt');
  });

  it('given a repeat of an earlier attempt that was recorded late, goes by the number of the attempt', () => {
    const attempts = [
      attemptOf({ attempt: 2, outcome: 'delivered' }),
      attemptOf({ attempt: 1, outcome: 'retrying', nextAttemptAt: '2026-01-15T10:20:35.000Z' }),
    ];
    expect(deliveriesOf(attempts)[0]?.state).toBe('delivered');
  });
});
