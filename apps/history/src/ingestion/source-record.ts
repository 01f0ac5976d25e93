import type { ConsumedRecord } from '@postduif/kafka';

/** A record of `events` or `attempts`, as far as history is concerned. */
export type SourceRecord = Pick<
  ConsumedRecord,
  'topic' | 'partition' | 'offset' | 'timestamp' | 'headers' | 'value' | 'done'
>;

/** The record can never be stored. The reason names no values: it goes to logs and to `history.unreadable`. */
export class UnreadableRecordError extends Error {
  override readonly name = 'UnreadableRecordError';
  readonly code = 'record_unreadable';

  constructor(readonly reason: string) {
    super(reason);
  }
}

/** The JSON of a record; throws `UnreadableRecordError`. */
export function parseJson(value: Buffer | null): unknown {
  if (value === null) throw new UnreadableRecordError('has no value');
  try {
    return JSON.parse(value.toString('utf8'));
  } catch {
    throw new UnreadableRecordError('is not JSON');
  }
}
