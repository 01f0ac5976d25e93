import { ApiError } from '@postduif/contracts';
import { attributesOf, binaryEvent, percentDecoded, structuredEvent } from './cloudevent.js';
import { parseJson } from './json.js';
import { mediaTypeOf } from './media-type.js';
import { parseEvent } from './parsed-event.js';
import type { EventDefaults, ParsedEvent } from './parsed-event.js';

const TAKEN =
  'Send events as application/json, application/x-ndjson, application/cloudevents+json or application/cloudevents-batch+json.';

/** A request as far as its events are concerned. Names of headers are in lower case. */
export interface EventRequest {
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Uint8Array;
}

/** An event, or why it was refused. */
export type Outcome<T> = { readonly ok: T } | { readonly refusal: ApiError };

export interface RequestEvents {
  /** False: one event, and the answer is about it alone. */
  readonly batch: boolean;
  /** In the order in which they were sent. */
  readonly events: readonly Outcome<ParsedEvent>[];
}

/**
 * Reads the events of an HTTP request in any of its modes (CloudEvents HTTP binding sections 3.1 to 3.3, JSON, NDJSON). Throws `ApiError` when the
 * request as a whole cannot be read: its media type, its JSON, more than `maxEvents` events, or none.
 */
export function readRequest(request: EventRequest, defaults: EventDefaults, maxEvents: number): RequestEvents {
  const { batch, items } = itemsOf(request);
  if (items.length === 0) throw new ApiError('empty_batch');
  if (items.length > maxEvents)
    throw new ApiError('payload_too_large', `The batch holds ${items.length} events; ${maxEvents} are allowed.`);
  return { batch, events: items.map((item) => outcomeOf(() => parseEvent(item(), defaults))) };
}

export function outcomeOf<T>(parse: () => T): Outcome<T> {
  try {
    return { ok: parse() };
  } catch (error) {
    if (error instanceof ApiError) return { refusal: error };
    throw error;
  }
}

interface Items {
  readonly batch: boolean;
  /** Each may throw `ApiError` for itself. */
  readonly items: readonly (() => unknown)[];
}

function itemsOf({ headers, body }: EventRequest): Items {
  const contentType = headers['content-type'];
  const declared = typeof contentType === 'string' ? contentType : undefined;
  const type = mediaTypeOf(declared, TAKEN);
  const binary = headers['ce-specversion'] !== undefined || headers['ce-type'] !== undefined;
  if (binary && (type === 'json' || type === undefined)) {
    return single(() => binaryEvent(percentDecoded(attributesOf(headers, 'ce-')), declared, body));
  }
  switch (type) {
    case 'ndjson':
      return { batch: true, items: lines(body).map((line) => () => parseJson(line)) };
    case 'cloudevent':
      return single(() => structuredEvent(parseJson(body)));
    case 'cloudevents-batch':
      return list(parseJson(body), structuredEvent);
    case 'json':
      return plain(parseJson(body));
    case undefined:
      throw new ApiError('unsupported_media_type', TAKEN);
  }
}

function single(item: () => unknown): Items {
  return { batch: false, items: [item] };
}

function plain(value: unknown): Items {
  return Array.isArray(value) ? list(value, (item) => item) : single(() => value);
}

function list(value: unknown, item: (value: unknown) => unknown): Items {
  if (!Array.isArray(value)) throw new ApiError('invalid_request', 'A batch must be a JSON array of events.');
  return { batch: true, items: value.map((one: unknown) => () => item(one)) };
}

const NEWLINE = 0x0a;

/** The lines that are not empty. A newline byte is never part of another character in UTF-8. */
function lines(body: Uint8Array): Uint8Array[] {
  const found: Uint8Array[] = [];
  for (let start = 0; start < body.length;) {
    const newline = body.indexOf(NEWLINE, start);
    const end = newline === -1 ? body.length : newline;
    const line = body.subarray(start, end);
    if (line.some((byte) => byte !== 0x20 && byte !== 0x09 && byte !== 0x0d)) found.push(line);
    start = end + 1;
  }
  return found;
}
