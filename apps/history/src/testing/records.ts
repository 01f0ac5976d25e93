import { attemptSchema } from '@postduif/contracts';
import type { Attempt } from '@postduif/contracts';
import type { SourceRecord } from '../ingestion/source-record.js';

/** An event as event-ingest writes it, without what the test does not care about. */
export function eventOf(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    specversion: '1.0',
    id: 'event-1',
    type: 'invoice.paid',
    time: '2026-01-15T10:20:30Z',
    account: '1234',
    data: { amount: 5 },
    ...changes,
  };
}

export function attemptOf(changes: Partial<Attempt> = {}): Attempt {
  return attemptSchema.parse({
    delivery: 'delivery-1',
    account: '1234',
    webhook: '12',
    event: 'event-1',
    trigger: 'invoice.paid',
    attempt: 1,
    at: new Date().toISOString(),
    outcome: 'delivered',
    requested: true,
    status: 200,
    durationMs: 12,
    sinceAcceptedMs: 15,
    requestBytes: 100,
    ...changes,
  });
}

/** A record as the consumer hands it over; `finished` tells whether `done` was called. */
export interface TestRecord extends SourceRecord {
  readonly finished: () => number;
}

export function recordOf(
  place: { topic: string; partition?: number; offset: number; timestamp?: number },
  value: unknown,
  headers: Record<string, string> = {},
): TestRecord {
  let finished = 0;
  const { topic, partition = 0, offset, timestamp = Date.now() } = place;
  const bytes = value instanceof Uint8Array ? Buffer.from(value) : Buffer.from(JSON.stringify(value));
  return {
    topic,
    partition,
    offset,
    timestamp,
    headers,
    value: value === null ? null : bytes,
    done: () => {
      finished++;
    },
    finished: () => finished,
  };
}
