import { describe, expect, it } from '@jest/globals';
import { MAX_EVENT_BYTES } from './event.js';
import { MAX_BODY_BYTES, MAX_RECORD_BYTES, topicNames, topicSpecs, WHEEL_TIERS } from './topics.js';

const DAY = 24 * 60 * 60 * 1_000;
const specs = new Map(
  topicSpecs({ prefix: 'postduif.', partitions: 6, replicationFactor: 3 }).map((spec) => [spec.topic, spec]),
);
const retention = (topic: string): number => Number(specs.get(topic)?.config['retention.ms']);

describe('the table of topics', () => {
  it('names those that the platform has, and no other', () => {
    expect([...specs.keys()]).toEqual([
      'postduif.ingest',
      'postduif.ingest.rejected',
      'postduif.events',
      'postduif.events.identities',
      'postduif.config',
      'postduif.deliveries',
      'postduif.deliveries.retry.1s',
      'postduif.deliveries.retry.5s',
      'postduif.deliveries.retry.30s',
      'postduif.deliveries.retry.3m',
      'postduif.deliveries.retry.15m',
      'postduif.deliveries.retry.1h',
      'postduif.deliveries.retry.4h',
      'postduif.deliveries.retry.12h',
      'postduif.deliveries.dead',
      'postduif.attempts',
    ]);
  });

  it('gives services the same names as the broker', () => {
    const { retry, ...names } = topicNames('postduif.');
    expect(new Set([...Object.values(names), ...Object.values(retry)])).toEqual(new Set(specs.keys()));
  });

  it('compacts the configuration and deletes everything else by age', () => {
    expect(specs.get('postduif.config')).toMatchObject({ partitions: 1, config: { 'cleanup.policy': 'compact' } });
    expect(specs.get('postduif.events.identities')?.partitions).toBe(1);
    for (const [topic, { partitions, replicationFactor, config }] of specs) {
      expect(replicationFactor).toBe(3);
      expect(config['max.message.bytes']).toBe(String(MAX_RECORD_BYTES));
      if (topic === 'postduif.config') continue;
      expect(config['cleanup.policy']).toBe('delete');
      if (topic !== 'postduif.events.identities') expect(partitions).toBe(6);
    }
  });

  it('keeps events and attempts for 7 days, dead letters for 30, and waiting deliveries 2 days beyond their delay', () => {
    expect(retention('postduif.events')).toBe(7 * DAY);
    expect(retention('postduif.attempts')).toBe(7 * DAY);
    expect(retention('postduif.deliveries.dead')).toBe(30 * DAY);
    for (const { name, delayMs } of WHEEL_TIERS)
      expect(retention(`postduif.deliveries.retry.${name}`)).toBeGreaterThanOrEqual(delayMs + 2 * DAY);
  });

  it('keeps the identities of events for longer than their ten minutes, in segments that Kafka can delete', () => {
    expect(retention('postduif.events.identities')).toBeGreaterThan(10 * 60 * 1_000);
    expect(Number(specs.get('postduif.events.identities')?.config['segment.ms'])).toBeLessThan(10 * 60 * 1_000);
  });

  it('has what was accepted on all replicas but one at least', () => {
    const leastCopies = (replicationFactor: number) =>
      new Set(
        topicSpecs({ prefix: '', partitions: 1, replicationFactor }).map(({ config }) => config['min.insync.replicas']),
      );
    expect([1, 2, 3].map(leastCopies)).toEqual([new Set(['1']), new Set(['1']), new Set(['2'])]);
  });

  it('has room for the largest event and for the largest body, with headers', () => {
    expect(MAX_RECORD_BYTES).toBeGreaterThan(MAX_EVENT_BYTES);
    expect(MAX_RECORD_BYTES - MAX_BODY_BYTES).toBeGreaterThan(64 * 1024);
  });

  it('given another prefix, uses it everywhere', () => {
    expect(
      topicSpecs({ prefix: 'x-', partitions: 1, replicationFactor: 1 }).every(({ topic }) => topic.startsWith('x-')),
    ).toBe(true);
  });
});
