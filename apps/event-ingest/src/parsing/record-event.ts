import { createHash } from 'node:crypto';
import { ApiError } from '@postduif/contracts';
import { v7 as uuidv7 } from 'uuid';
import { attributesOf, binaryEvent, structuredEvent } from './cloudevent.js';
import { parseJson } from './json.js';
import { mediaTypeOf } from './media-type.js';
import { parseEvent } from './parsed-event.js';
import type { ParsedEvent } from './parsed-event.js';

const TAKEN =
  'A record holds one event: its `content-type` is application/cloudevents+json, application/json, or absent.';
/** The last moment that RFC 3339 can write. */
const LATEST = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/** A record of the topic `ingest`, as far as its event is concerned. */
export interface EventRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** Unix milliseconds. */
  readonly timestamp: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly value: Uint8Array | null;
}

/**
 * Reads the event of a record: structured or binary mode (CloudEvents Kafka binding, sections 3.2 and 3.3), or plain JSON. What
 * is missing is made from the record, so that a record that is read again gives the same event. Throws `ApiError`.
 */
export function readRecord(record: EventRecord): ParsedEvent {
  const { headers, value } = record;
  const now = timeOf(record);
  if (value === null || value.length === 0) throw new ApiError('value_missing');
  const contentType = headerOf(headers, 'content-type');
  const attributes = attributesOf(headers, 'ce_');
  const type = typeOfRecord(contentType, attributes);
  switch (type) {
    case 'structured':
      return parseEvent(structuredEvent(parseJson(value)), { id: idOf(record), now });
    case 'binary':
      return parseEvent(binaryEvent(attributes, contentType, value), { id: idOf(record), now });
    case 'plain':
      // Producers that cannot put the account into the JSON may name it in the header alone.
      return parseEvent(parseJson(value), { account: attributes.account, id: idOf(record), now });
  }
}

/** Producers set the time of a record, and may set any number: then it is the beginning of time. */
function timeOf({ timestamp }: EventRecord): number {
  return timestamp > 0 && timestamp <= LATEST ? timestamp : 0;
}

/** A UUIDv7 of the record's time and place. */
function idOf(record: EventRecord): string {
  const { topic, partition, offset, timestamp } = record;
  const random = createHash('sha256').update(`${topic}/${partition}/${offset}/${timestamp}`).digest();
  return uuidv7({ msecs: timeOf(record), random, seq: 0 });
}

function typeOfRecord(
  contentType: string | undefined,
  attributes: Readonly<Record<string, string>>,
): 'structured' | 'binary' | 'plain' {
  const type = mediaTypeOf(contentType, TAKEN);
  if (type === 'cloudevent') return 'structured';
  if (type !== undefined && type !== 'json') throw new ApiError('unsupported_media_type', TAKEN);
  return attributes.specversion !== undefined || attributes.type !== undefined ? 'binary' : 'plain';
}

function headerOf(headers: Readonly<Record<string, string>>, wanted: string): string | undefined {
  return Object.entries(headers).find(([name]) => name.toLowerCase() === wanted)?.[1];
}
