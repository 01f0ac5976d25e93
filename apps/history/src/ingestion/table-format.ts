import type { z } from 'zod';
import { fieldErrors } from '@postduif/contracts';
import type { RetentionWindow } from '../partitions/retention-window.js';
import type { CopyRows } from './copy-rows.js';
import { parseJson, UnreadableRecordError } from './source-record.js';
import type { SourceRecord } from './source-record.js';

/** How the records of one topic become rows of one table. */
export interface TableFormat {
  readonly table: string;
  readonly columns: readonly string[];
  /** Adds the record's row and answers the time that says which partition it is in. Throws `UnreadableRecordError`, adding nothing. */
  append(rows: CopyRows, record: SourceRecord, window: RetentionWindow): number;
}

/** Parses a record's value; what does not follow the schema can never be stored. */
export function parseRecord<T>(schema: z.ZodType<T>, record: SourceRecord): T {
  const parsed = schema.safeParse(parseJson(record.value));
  if (parsed.success) return parsed.data;
  const wrong = fieldErrors(parsed.error).map(({ path, message }) => (path === '' ? message : `${path}: ${message}`));
  throw new UnreadableRecordError(wrong.join('; '));
}
