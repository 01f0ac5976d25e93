import { attemptRows } from '../attempts/attempt-rows.js';
import type { Database } from '../database/database.js';
import { eventRows } from '../events/event-rows.js';
import { BatchStore } from '../ingestion/batch-store.js';
import { BatchWriter } from '../ingestion/batch-writer.js';
import type { BatchWriterOptions } from '../ingestion/batch-writer.js';
import { OffsetStore } from '../ingestion/offset-store.js';
import { DailyPartitions } from '../partitions/daily-partitions.js';
import { RetentionWindow } from '../partitions/retention-window.js';

export const RETENTION_DAYS = 30;

/** The parts that store, put together as the service does. */
export function ingestionOf(
  database: Database,
  options: Partial<BatchWriterOptions> = {},
  topics = { events: 'events', attempts: 'attempts' },
) {
  const offsets = new OffsetStore(database.writes);
  const partitions = new DailyPartitions(database.writes);
  const window = new RetentionWindow(RETENTION_DAYS);
  const formats = new Map([
    [topics.events, eventRows],
    [topics.attempts, attemptRows],
  ]);
  const store = new BatchStore(database.writes, offsets, partitions, window, formats);
  const observed = { stored: 0, failed: 0, moved: 0, unreadable: [] as string[], rewound: 0 };
  const writer = new BatchWriter({
    offsets,
    store,
    observer: {
      stored: ({ unreadable }, { records }) => {
        observed.stored += records;
        observed.unreadable.push(...unreadable.map(({ reason }) => reason));
      },
      failed: () => observed.failed++,
      moved: () => observed.moved++,
    },
    rewound: () => observed.rewound++,
    ...options,
  });
  return { offsets, partitions, window, store, writer, observed };
}
