import { accountId, EVENT_HEADERS, numericId } from '@postduif/contracts';
import { z } from 'zod';
import type { CopyRows } from '../ingestion/copy-rows.js';
import type { SourceRecord } from '../ingestion/source-record.js';
import { parseRecord } from '../ingestion/table-format.js';
import type { TableFormat } from '../ingestion/table-format.js';
import type { RetentionWindow } from '../partitions/retention-window.js';

/** Longest text in an indexed column, in characters; an index entry may take 2,704 bytes in all. */
const MOST_INDEXED = 320;

/**
 * What history needs of an event. event-ingest has checked all of it; this only makes sure that a row can be stored. Not the
 * whole contract again: this is done for every event.
 */
const storedEvent = z.object({
  id: z.string().min(1).max(MOST_INDEXED),
  type: z.string().min(1).max(MOST_INDEXED),
  time: z.string().transform((text, context) => {
    const time = Date.parse(text);
    if (Number.isNaN(time)) context.addIssue({ code: 'custom', message: 'must be a time' });
    return time;
  }),
  account: accountId,
  source: z.string().optional(),
  subject: z.string().optional(),
  caller: z.string().optional(),
  database: numericId.optional(),
  collection: numericId.optional(),
  profile: numericId.optional(),
  subprofile: numericId.optional(),
  mailing: numericId.optional(),
  data: z.looseObject({}),
});

/** The records of the topic `events` as rows of `history.events`. */
export const eventRows: TableFormat = {
  table: 'history.events',
  columns: [
    'account',
    'accepted_at',
    'kafka_partition',
    'kafka_offset',
    'id',
    'type',
    'occurred_at',
    'source',
    'subject',
    'caller',
    'database',
    'collection',
    'profile',
    'subprofile',
    'mailing',
    'message',
    'recipient',
    'body',
  ],
  append(rows: CopyRows, record: SourceRecord, window: RetentionWindow): number {
    const event = parseRecord(storedEvent, record);
    const acceptedAt = window.place(acceptanceOf(record));
    rows
      .begin()
      .text(event.account)
      .timestamp(acceptedAt)
      .integer(record.partition)
      .bigint(record.offset)
      .text(event.id)
      .text(event.type)
      .timestamp(event.time)
      .text(event.source)
      .text(event.subject)
      .text(event.caller)
      .bigint(event.database)
      .bigint(event.collection)
      .bigint(event.profile)
      .bigint(event.subprofile)
      .bigint(event.mailing)
      .text(searchable(event.data.message))
      .text(searchable(event.data.recipient))
      .bytes(record.value ?? new Uint8Array());
    return acceptedAt;
  },
};

/** The data of an event of one's own type is free: only short text is worth a column. */
function searchable(value: unknown): string | undefined {
  return typeof value === 'string' && value.length > 0 && value.length <= MOST_INDEXED ? value : undefined;
}

function acceptanceOf(record: SourceRecord): number {
  const header = record.headers[EVENT_HEADERS.acceptedAt];
  return header !== undefined && /^\d{1,15}$/.test(header) ? Number(header) : record.timestamp;
}
