import type { Event, Format } from '@postduif/contracts';
import { encodeCloudEvent } from './cloud-event.js';
import { encodeForm } from './form.js';
import { encodeJson } from './json.js';

export { encodeCloudEvent, encodeForm, encodeJson };

/** A body as a receiver gets it. */
export interface EncodedBody {
  readonly contentType: string;
  readonly body: Buffer;
}

const CONTENT_TYPES: Readonly<Record<Format, string>> = {
  form: 'application/x-www-form-urlencoded',
  json: 'application/json',
  cloudevents: 'application/cloudevents+json',
};

const ENCODERS: Readonly<Record<Format, (event: Event) => Buffer>> = {
  form: encodeForm,
  json: encodeJson,
  cloudevents: encodeCloudEvent,
};

export function contentTypeOf(format: Format): string {
  return CONTENT_TYPES[format];
}

/** Renders an event in a webhook's format. The same event always makes the same bytes. */
export function encode(format: Format, event: Event): EncodedBody {
  return { contentType: contentTypeOf(format), body: ENCODERS[format](event) };
}
