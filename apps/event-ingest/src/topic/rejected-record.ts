import { REJECTED_HEADERS } from '@postduif/contracts';
import type { ApiError } from '@postduif/contracts';
import type { ConsumedRecord, OutgoingRecord } from '@postduif/kafka';

/** A record of the topic `ingest` as it came. */
export type IngestRecord = Pick<
  ConsumedRecord,
  'topic' | 'partition' | 'offset' | 'timestamp' | 'key' | 'value' | 'headers' | 'exactHeaders' | 'done' | 'isCurrent'
>;

/** The record for `ingest.rejected`: everything as it came, and headers that say why. */
export function rejectedRecord(topic: string, record: IngestRecord, refusal: ApiError): OutgoingRecord {
  return {
    topic,
    key: record.key,
    value: record.value,
    headers: { ...record.exactHeaders, ...reasonOf(record, refusal) },
  };
}

/** For a record that, with the reason beside it, is larger than the topic takes: the reason alone. The original is at its origin. */
export function rejectedWithoutContent(topic: string, record: IngestRecord, refusal: ApiError): OutgoingRecord {
  const headers = reasonOf(record, refusal);
  return { topic, key: null, value: null, headers: { ...headers, [REJECTED_HEADERS.content]: 'left out' } };
}

function reasonOf({ topic, partition, offset }: IngestRecord, refusal: ApiError): Record<string, string> {
  return {
    [REJECTED_HEADERS.code]: refusal.code,
    [REJECTED_HEADERS.detail]: sentenceOf(refusal),
    [REJECTED_HEADERS.origin]: `${topic}/${partition}/${offset}`,
  };
}

/** The refusal with each wrong field, in one line. */
export function sentenceOf({ message, options }: ApiError): string {
  const fields = (options.errors ?? []).map(({ path, message: problem }) =>
    path === '' ? problem : `${path}: ${problem}`,
  );
  return [message, ...fields].join(' | ');
}
