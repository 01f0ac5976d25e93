import type { CopernicaEvent, Event } from '@postduif/contracts';
import { isCopernicaEvent, isList, payloadFields } from './payload-fields.js';
import type { PayloadMap, PayloadValue } from './payload-fields.js';

type JsonValue = string | number | readonly string[] | PayloadMap;

/**
 * The body of a `json` webhook, in the shape of Standard Webhooks: `{"type","timestamp","data"}`; `timestamp` is the event's time in ISO
 * 8601. For types of one's own `data` is what the producer sent. For Copernica's triggers it has the names and values of the form (spec
 * section 4, `created` and `modified` included), save that numbers, booleans, lists and maps are JSON's, an empty list or map stays,
 * and a message of raw bytes is base64 in `mime_base64` instead of `mime`.
 */
export function encodeJson(event: Event): Buffer {
  return Buffer.from(JSON.stringify({ type: event.type, timestamp: event.time, data: dataOf(event) }), 'utf8');
}

/** The data of an event as JSON has it. */
export function dataOf(event: Event): object {
  return isCopernicaEvent(event) ? copernicaData(event) : event.data;
}

/** Absent values have no place in JSON, so they need no filter. */
function copernicaData(event: CopernicaEvent): Record<string, JsonValue | undefined> {
  return Object.fromEntries(payloadFields(event).map(([name, value]) => jsonField(name, value)));
}

function jsonField(name: string, value: PayloadValue | undefined): [string, JsonValue | undefined] {
  if (Buffer.isBuffer(value)) return [`${name}_base64`, value.toString('base64')];
  if (typeof value === 'object' && !isList(value)) return [name, known(value)];
  return [name, value];
}

function known(map: PayloadMap): PayloadMap {
  return Object.fromEntries(Object.entries(map).filter(([, value]) => value !== null));
}
