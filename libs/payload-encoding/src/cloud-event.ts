import type { Event } from '@postduif/contracts';
import { dataOf } from './json.js';
import { isCopernicaEvent } from './payload-fields.js';

/** Extension attributes that are ids. CloudEvents' integers have 32 bits, ids may have more: they are text, whatever their size. */
const IDS: ReadonlySet<string> = new Set(['database', 'collection', 'profile', 'subprofile', 'mailing']);
const JSON_TYPE = 'application/json';

/**
 * The body of a `cloudevents` webhook: the event as a CloudEvent 1.0 in structured mode (JSON event format). `data` is that of the `json`
 * format; account, caller, ids and the producer's own extensions stand beside it. What CloudEvents demands and an event may lack or have
 * otherwise:
 *
 * - `source` without one is `/accounts/<account>`; one that is no URI reference is percent-encoded whole.
 * - `subject` without one is the subprofile or profile that the event is about.
 * - `dataschema` is left out when it is not an absolute URI, and for Copernica's triggers, whose data is rendered here.
 * - An extension that is a number and no 32-bit integer is text.
 */
export function encodeCloudEvent(event: Event): Buffer {
  const { id, type, time, data: _data, specversion, source, subject, datacontenttype, dataschema, ...rest } = event;
  const isRendered = isCopernicaEvent(event);
  return Buffer.from(
    JSON.stringify({
      specversion,
      id,
      source: source === undefined ? `/accounts/${event.account}` : asUriReference(source),
      type,
      time,
      subject: subject ?? subjectOf(event),
      datacontenttype: (isRendered ? undefined : datacontenttype) ?? JSON_TYPE,
      dataschema: isRendered || !isAbsoluteUri(dataschema) ? undefined : dataschema,
      ...extensions(rest),
      data: dataOf(event),
    }),
    'utf8',
  );
}

function subjectOf({ profile, subprofile }: Event): string | undefined {
  if (subprofile !== undefined) return `subprofile/${subprofile}`;
  return profile === undefined ? undefined : `profile/${profile}`;
}

function extensions(attributes: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, extension(name, value)]));
}

function extension(name: string, value: unknown): unknown {
  if (typeof value !== 'number') return value;
  return IDS.has(name) || value !== (value | 0) ? String(value) : value;
}

const PCHAR = String.raw`(?:[\w.~!$&'()*+,;=:@-]|%[\da-f]{2})`;
const REGISTERED_NAME = String.raw`(?:[\w.~!$&'()*+,;=-]|%[\da-f]{2})*`;
/** RFC 3986 section 4.1, without addresses in brackets. A first segment with a colon would be taken for a scheme. */
const URI_REFERENCE = new RegExp(
  String.raw`^(?:[a-z][a-z\d+.-]*:|(?![^/?#]*:))` +
    String.raw`(?://(?:(?:[\w.~!$&'()*+,;=:-]|%[\da-f]{2})*@)?${REGISTERED_NAME}(?::\d*)?(?=[/?#]|$)|(?!//))` +
    String.raw`(?:${PCHAR}|/)*(?:\?(?:${PCHAR}|[/?])*)?(?:#(?:${PCHAR}|[/?])*)?$`,
  'i',
);

function asUriReference(text: string): string {
  return URI_REFERENCE.test(text) ? text : encodeURIComponent(text.toWellFormed());
}

function isAbsoluteUri(text: string | undefined): boolean {
  return text !== undefined && /^[a-z][a-z\d+.-]*:[^?#]/i.test(text) && URI_REFERENCE.test(text);
}
