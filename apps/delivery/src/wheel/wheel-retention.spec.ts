import { describe, expect, it } from '@jest/globals';
import { topicNames, topicSpecs, WHEEL_TIERS } from '@postduif/contracts';
import { checkWheelRetention, LEAST_MARGIN_MS, WheelRetentionError, withoutSizeLimit } from './wheel-retention.js';

const topics = topicNames('p.');
const HOUR_MS = 3_600_000;
const difference = (setting: string, actual: string, topic = topics.retry['12h']) => ({
  topic,
  setting,
  actual,
  wanted: 'other',
});

describe('checkWheelRetention', () => {
  it('given the topics as we make them, then they keep every record long enough and know no limit of size', () => {
    const specs = withoutSizeLimit(topicSpecs({ prefix: 'p.', partitions: 1, replicationFactor: 1 }), topics);
    for (const { name, delayMs } of WHEEL_TIERS) {
      const config = specs.find(({ topic }) => topic === topics.retry[name])!.config;
      expect(Number(config['retention.ms'])).toBeGreaterThanOrEqual(delayMs + LEAST_MARGIN_MS);
      expect(config).toMatchObject({ 'retention.bytes': '-1', 'cleanup.policy': 'delete' });
    }
    expect(specs.find(({ topic }) => topic === topics.events)!.config).not.toHaveProperty('retention.bytes');
  });

  it.each([
    difference('retention.ms', String(12 * HOUR_MS + LEAST_MARGIN_MS - 1)),
    difference('retention.ms', '0', topics.retry['1s']),
    difference('retention.bytes', '1000000'),
    difference('cleanup.policy', 'compact,delete'),
  ])('given $topic with $setting $actual, then the service does not start and says what to change', (found) => {
    const check = () => {
      checkWheelRetention([found], topics);
    };
    expect(check).toThrow(WheelRetentionError);
    expect(check).toThrow(new RegExp(`${found.topic}.*${found.setting}`));
  });

  it.each([
    difference('retention.ms', String(12 * HOUR_MS + LEAST_MARGIN_MS)),
    difference('retention.ms', '-1'),
    difference('partitions', '3'),
    difference('retention.ms', '1000', topics.attempts),
  ])('given $topic with $setting $actual, then nothing that waits is in danger', (found) => {
    expect(() => {
      checkWheelRetention([found], topics);
    }).not.toThrow();
  });
});
