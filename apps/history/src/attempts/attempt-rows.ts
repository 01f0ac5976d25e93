import { accountId, attemptSchema } from '@postduif/contracts';
import { z } from 'zod';
import type { CopyRows } from '../ingestion/copy-rows.js';
import type { SourceRecord } from '../ingestion/source-record.js';
import { parseRecord } from '../ingestion/table-format.js';
import type { TableFormat } from '../ingestion/table-format.js';
import type { RetentionWindow } from '../partitions/retention-window.js';

/** Indexed columns are bounded: an index entry may take 2,704 bytes in all. */
const indexed = z.string().min(1).max(320);
const int4 = z.int().min(-2_147_483_648).max(2_147_483_647);

const storedAttempt = attemptSchema.extend({
  account: accountId,
  webhook: indexed,
  event: indexed,
  attempt: int4,
  status: int4.optional(),
});

/** The records of the topic `attempts` as rows of `history.attempts`. */
export const attemptRows: TableFormat = {
  table: 'history.attempts',
  columns: [
    'account',
    'at',
    'kafka_partition',
    'kafka_offset',
    'delivery',
    'webhook',
    'event',
    'trigger',
    'attempt',
    'outcome',
    'status',
    'error',
    'body',
  ],
  append(rows: CopyRows, record: SourceRecord, window: RetentionWindow): number {
    const attempt = parseRecord(storedAttempt, record);
    const at = window.place(Date.parse(attempt.at));
    rows
      .begin()
      .text(attempt.account)
      .timestamp(at)
      .integer(record.partition)
      .bigint(record.offset)
      .text(attempt.delivery)
      .text(attempt.webhook)
      .text(attempt.event)
      .text(attempt.trigger)
      .integer(attempt.attempt)
      .text(attempt.outcome)
      .integer(attempt.status)
      .text(attempt.error)
      .bytes(record.value ?? new Uint8Array());
    return at;
  },
};
