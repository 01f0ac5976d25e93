import { describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import type { DispatchFacts } from './dispatching/dispatch-facts.js';
import { FanOutMetrics } from './fan-out-metrics.js';

const STATE = { webhooks: 3, waiting: 1, lag: 2, identities: 4, identityBytes: 200, segmentBytes: 100 };

const FACTS: DispatchFacts = {
  partition: 1,
  offset: 7,
  outcome: 'matched',
  event: 'event-1',
  account: '1234',
  type: 'invoice.paid',
  webhooks: ['1', '2'],
  bytes: 200,
  waitedMs: 2.000_4,
  dispatchMs: 0.05,
  writeMs: 3,
};

function given() {
  const lines: { level: string; fields: object; message: string }[] = [];
  const write = (level: string) => (fields: object, message: string) => {
    lines.push({ level, fields, message });
  };
  const registry = new Registry();
  const metrics = new FanOutMetrics(registry, { info: write('info'), warn: write('warn') }, () => STATE);
  return { metrics, registry, lines };
}

describe('FanOutMetrics', () => {
  it('given an event, then one line holds every fact of it', () => {
    const { metrics, lines } = given();
    metrics.dispatched(FACTS);
    expect(lines).toEqual([
      { level: 'info', fields: { ...FACTS, webhooks: 2, to: ['1', '2'], waitedMs: 2 }, message: 'event fanned out' },
    ]);
  });

  it('given an event to very many webhooks, then the line counts them and does not name them', () => {
    const { metrics, lines } = given();
    metrics.dispatched({ ...FACTS, webhooks: Array.from({ length: 5_000 }, (_, index) => String(index)) });
    expect(lines[0]?.fields).toMatchObject({ webhooks: 5_000 });
    expect(lines[0]?.fields).not.toHaveProperty('to');
  });

  it('given a rejected record, then the line is a warning with the reason', () => {
    const { metrics, lines } = given();
    metrics.dispatched({ ...FACTS, outcome: 'rejected', webhooks: [], detail: 'The record has no value.' });
    expect(lines).toEqual([
      expect.objectContaining({
        level: 'warn',
        fields: expect.objectContaining({ detail: 'The record has no value.', partition: 1, offset: 7 }),
      }),
    ]);
  });

  it('given what was dispatched and what is in memory, then both are measured', async () => {
    const { metrics, registry } = given();
    metrics.dispatched(FACTS);
    metrics.dispatched({ ...FACTS, outcome: 'repeat', webhooks: [] });
    metrics.replayed();
    const text = await registry.metrics();
    for (const line of [
      'postduif_fan_out_events_total{outcome="matched"} 1',
      'postduif_fan_out_events_total{outcome="repeat"} 1',
      'postduif_fan_out_deliveries_total 2',
      'postduif_fan_out_replayed_events_total 1',
      'postduif_fan_out_dispatch_seconds_count 2',
      'postduif_fan_out_webhooks 3',
      'postduif_fan_out_waiting 1',
      'postduif_fan_out_lag_records 2',
      'postduif_fan_out_identities 4',
      'postduif_fan_out_identities_bytes 200',
      'postduif_fan_out_identity_segments_bytes 100',
    ])
      expect(text).toContain(`${line}\n`);
  });
});
