import { ApiError } from '@postduif/contracts';
import { attributesOf, binaryEvent, structuredEvent } from './cloudevent.js';
import { parseJson } from './json.js';
import { mediaTypeOf } from './media-type.js';
import { parseEvent } from './parsed-event.js';
import type { ParsedEvent } from './parsed-event.js';

/** A record of the topic `ingest`, as far as its event is concerned. */
export interface EventRecord {
  readonly headers: Readonly<Record<string, string>>;
  readonly value: Uint8Array | null;
}

/**
 * Reads the event of a record: structured or binary mode (CloudEvents Kafka binding, sections 3.2 and 3.3), or plain JSON. Throws `ApiError`.
 */
export function readRecord({ headers, value }: EventRecord, now: number): ParsedEvent {
  if (value === null || value.length === 0) throw new ApiError('value_missing');
  const contentType = headerOf(headers, 'content-type');
  const attributes = attributesOf(headers, 'ce_');
  const type = typeOfRecord(contentType, attributes);
  switch (type) {
    case 'structured':
      return parseEvent(structuredEvent(parseJson(value)), { now });
    case 'binary':
      return parseEvent(binaryEvent(attributes, contentType, value), { now });
    case 'plain':
      // Producers that cannot put the account into the JSON may name it in the header alone.
      return parseEvent(parseJson(value), { account: attributes.account, now });
  }
}

function typeOfRecord(
  contentType: string | undefined,
  attributes: Readonly<Record<string, string>>,
): 'structured' | 'binary' | 'plain' {
  const type = mediaTypeOf(contentType);
  if (type === 'cloudevent') return 'structured';
  if (type !== undefined && type !== 'json')
    throw new ApiError(
      'unsupported_media_type',
      'A record holds one event: its `content-type` is application/cloudevents+json, application/json, or absent.',
    );
  return attributes.specversion !== undefined || attributes.type !== undefined ? 'binary' : 'plain';
}

function headerOf(headers: Readonly<Record<string, string>>, wanted: string): string | undefined {
  return Object.entries(headers).find(([name]) => name.toLowerCase() === wanted)?.[1];
}
