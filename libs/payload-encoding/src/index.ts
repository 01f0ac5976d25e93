import type { Event, Format } from '@postduif/contracts';
import { encodeForm } from './form.js';
import { encodeJson } from './json.js';

export { encodeForm, encodeJson };

/** A body as a receiver gets it. */
export interface EncodedBody {
  readonly contentType: string;
  readonly body: Buffer;
}

/** Renders an event in a webhook's format. The same event always makes the same bytes. */
export function encode(format: Format, event: Event): EncodedBody {
  switch (format) {
    case 'form':
      return { contentType: 'application/x-www-form-urlencoded', body: encodeForm(event) };
    case 'json':
      return { contentType: 'application/json', body: encodeJson(event) };
  }
}
