import { describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import { recordOf } from '../testing/records.js';
import { HistoryMetrics } from './history-metrics.js';

function given() {
  const lines: { level: string; fields: object; message: string }[] = [];
  const write = (level: string) => (fields: object, message: string) => {
    lines.push({ level, fields, message });
  };
  const log = { debug: write('debug'), info: write('info'), error: write('error') };
  const registry = new Registry();
  const metrics = new HistoryMetrics(registry, log, () => ({ queued: 3, lag: 4 }));
  return { metrics, registry, lines };
}

describe('HistoryMetrics', () => {
  it('given a batch, then one line holds every fact of it, and what cannot be stored has a line without its content', () => {
    const { metrics, lines } = given();
    const record = recordOf({ topic: 'events', partition: 2, offset: 7 }, { password: 'hunter2' });
    const unreadable = [{ record, reason: 'id: is required' }];
    metrics.stored({ rows: { 'history.events': 4 }, unreadable }, { records: 5, durationMs: 2.000_4, lagMs: -1 });
    const bytes = record.value?.length;
    expect(lines).toEqual([
      {
        level: 'error',
        fields: { topic: 'events', partition: 2, offset: 7, reason: 'id: is required', bytes },
        message: 'skipped an unreadable record',
      },
      {
        level: 'info',
        fields: { records: 5, rows: { 'history.events': 4 }, unreadable: 1, durationMs: 2, lagMs: 0 },
        message: 'batch stored',
      },
    ]);
  });

  it('given that PostgreSQL is away, then the first failure is said, and the following are not', () => {
    const { metrics, lines } = given();
    for (let failures = 1; failures <= 12; failures++) metrics.failed(new Error('no connection'), failures);
    expect(lines.map(({ level }) => level)).toEqual(['error', ...Array<string>(11).fill('debug')]);
  });

  it('given what was stored and what waits, then both are measured', async () => {
    const { metrics, registry } = given();
    metrics.stored({ rows: { 'history.events': 4 }, unreadable: [] }, { records: 4, durationMs: 2, lagMs: 1_500 });
    const text = await registry.metrics();
    for (const line of [
      'postduif_history_rows_total{table="history.events"} 4',
      'postduif_history_lag_seconds 1.5',
      'postduif_history_queued 3',
      'postduif_history_lag_records 4',
    ])
      expect(text).toContain(`${line}\n`);
  });
});
