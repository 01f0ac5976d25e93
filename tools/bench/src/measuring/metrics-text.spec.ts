import { describe, expect, it } from '@jest/globals';
import { metricIn } from './metrics-text.js';

const TEXT = `# HELP attempts_total Ended attempts
# TYPE attempts_total counter
attempts_total{outcome="delivered",service="delivery"} 40
attempts_total{outcome="dead",service="delivery"} 2
attempts_total_more{service="delivery"} 9
up 1
`;

describe('a metric in a page of metrics', () => {
  it.each([
    ['attempts_total', undefined, 42],
    ['attempts_total', 'outcome="dead"', 2],
    ['up', undefined, 1],
    ['absent', undefined, 0],
  ])('%s with %s is %d', (name, label, value) => {
    expect(metricIn(TEXT, name, label)).toBe(value);
  });
});
