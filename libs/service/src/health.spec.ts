import { describe, expect, it } from '@jest/globals';
import { Health } from './health.js';

describe('the health of a service', () => {
  it('without checks, is live and ready', () => {
    const health = new Health();
    expect([health.live(), health.ready()]).toEqual([
      { ok: true, checks: {} },
      { ok: true, checks: {} },
    ]);
  });

  it('given a part that is not ready, says what is missing, and stays live', () => {
    const health = new Health();
    health.add({ name: 'accounts', ready: () => 'are still being read' });
    health.add({ name: 'records' });
    expect(health.ready()).toEqual({ ok: false, checks: { accounts: 'are still being read', records: true } });
    expect(health.live().ok).toBe(true);
  });

  it('given a part without progress, is not live', () => {
    const health = new Health();
    health.add({ name: 'records', live: () => false });
    expect(health.live()).toEqual({ ok: false, checks: { records: 'makes no progress' } });
  });

  it('when stopping, is not ready and stays live', () => {
    const health = new Health();
    health.stopping();
    expect([health.ready().ok, health.live().ok]).toEqual([false, true]);
  });
});
