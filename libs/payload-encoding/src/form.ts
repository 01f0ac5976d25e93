import type { CustomEvent, Event } from '@postduif/contracts';
import { copernicaTime, unixSeconds } from './moment.js';
import { ids, isCopernicaEvent, isList, payloadFields } from './payload-fields.js';
import type { PayloadField, PayloadValue } from './payload-fields.js';
import { percentEncode } from './percent-encoding.js';

/**
 * The body of a `form` webhook, by the rules of spec section 3.2: UTF-8, percent-encoded as PHP's `http_build_query` does, brackets
 * included; fixed order of keys; lists as `name[]`, maps as `name[key]`; booleans as `1` and `0`. What is unknown or `null` has no key,
 * nor has an empty list or map; an empty text has one. Numbers are written as JSON writes them.
 *
 * Copernica has no form for types of one's own. Theirs is `type`, `timestamp`, `time`, `id` (the event's), the ids, and `data` as
 * one JSON text, because nested lists, `null` and numbers do not survive a form.
 */
export function encodeForm(event: Event): Buffer {
  const pairs: string[] = [];
  append(pairs, 'type', event.type);
  append(pairs, 'timestamp', copernicaTime(event.time));
  append(pairs, 'time', unixSeconds(event.time));
  for (const [name, value] of isCopernicaEvent(event) ? payloadFields(event) : customFields(event)) {
    if (value !== undefined) append(pairs, name, value);
  }
  return Buffer.from(pairs.join('&'), 'latin1');
}

function customFields(event: CustomEvent): PayloadField[] {
  return [['id', event.id], ...ids(event), ['data', JSON.stringify(event.data)]];
}

/** Adds `name=value`, or a pair for each item. */
function append(pairs: string[], name: string, value: PayloadValue): void {
  if (typeof value !== 'object' || Buffer.isBuffer(value)) pairs.push(`${name}=${scalar(value)}`);
  else if (isList(value)) for (const item of value) pairs.push(`${name}%5B%5D=${percentEncode(item)}`);
  else
    for (const [key, item] of Object.entries(value)) {
      if (item !== null) pairs.push(`${name}%5B${percentEncode(key)}%5D=${scalar(item)}`);
    }
}

function scalar(value: string | number | boolean | Buffer): string {
  if (typeof value === 'boolean') return value ? '1' : '0';
  return percentEncode(typeof value === 'number' ? String(value) : value);
}
