import { ReceiverError } from './errors.js';
import { isJsonObject } from './json.js';

/** A CloudEvent of version 1.0 in structured mode. Its extension attributes stand beside the others. */
export interface CloudEvent {
  readonly specversion: '1.0';
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly time?: string;
  readonly subject?: string;
  readonly datacontenttype?: string;
  readonly dataschema?: string;
  readonly data?: unknown;
  /** Data that is no text, in base64. */
  readonly data_base64?: string;
  readonly [extension: string]: unknown;
}

const REQUIRED = ['id', 'source', 'type'];
const OPTIONAL = ['time', 'subject', 'datacontenttype', 'dataschema', 'data_base64'];

/** Checks the attributes that the specification names; the rest is as it came. Throws `body_malformed`. */
export function parseCloudEvent(event: unknown): CloudEvent {
  if (!isJsonObject(event)) throw new ReceiverError('body_malformed', 'a CloudEvent is a JSON object');
  if (event.specversion !== '1.0') throw new ReceiverError('body_malformed', 'specversion must be 1.0');
  for (const name of REQUIRED)
    if (typeof event[name] !== 'string' || event[name] === '')
      throw new ReceiverError('body_malformed', `${name} must be a text that is not empty`);
  for (const name of OPTIONAL)
    if (event[name] !== undefined && typeof event[name] !== 'string')
      throw new ReceiverError('body_malformed', `${name} must be a text`);
  return event as unknown as CloudEvent;
}
