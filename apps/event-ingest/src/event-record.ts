import { EVENT_HEADERS, eventKey } from '@postduif/contracts';
import type { OutgoingRecord } from '@postduif/kafka';
import type { ParsedEvent } from './parsing/parsed-event.js';

/** W3C Trace Context section 3.2: version, trace id, parent id and flags. */
const TRACEPARENT = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

/**
 * The record of an accepted event on `events`.
 *
 * @param acceptedAt Unix milliseconds
 * @param traceparent of the request or record that brought the event; the event's own goes before it
 */
export function eventRecord(
  topic: string,
  { event, json }: ParsedEvent,
  acceptedAt: number,
  traceparent?: string,
): OutgoingRecord {
  const trace = [event.traceparent, traceparent].find((value) => value !== undefined && TRACEPARENT.test(value));
  return {
    topic,
    key: eventKey(event),
    value: json,
    headers: { [EVENT_HEADERS.acceptedAt]: String(acceptedAt), ...(trace === undefined ? {} : { traceparent: trace }) },
  };
}
