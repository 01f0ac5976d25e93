import { assertCustom } from './custom-type.js';
import type { CustomType } from './custom-type.js';
import { ReceiverError } from './errors.js';
import { JsonReader, readFields } from './field-reader.js';
import { isJsonObject } from './json.js';
import { isTrigger, TRIGGER_FIELDS } from './trigger-fields.js';
import type { FieldsOf, JsonScalar, Trigger } from './trigger-fields.js';

/** Attributes of a CloudEvent of version 1.0. Extension attributes of the producer stand beside them. */
interface Attributes<Type extends string> {
  readonly specversion: '1.0';
  readonly id: string;
  readonly source: string;
  readonly type: Type;
  readonly time?: string;
  readonly subject?: string;
  readonly datacontenttype?: string;
  readonly dataschema?: string;
  /** Id of the account whose event it is. */
  readonly account?: string;
  /** What caused it, such as `rest`. */
  readonly caller?: string;
  /** Ids are text here, and numbers in the data. */
  readonly database?: string;
  readonly collection?: string;
  readonly profile?: string;
  readonly subprofile?: string;
  readonly mailing?: string;
  readonly [extension: string]: unknown;
}

/** The CloudEvent of one trigger: `data` has the fields of the form. `mime` is bytes, whether it came as text or in base64. */
export type CloudEventOf<T extends Trigger> = Attributes<T> & { readonly data: FieldsOf<T, JsonScalar> };
/** A CloudEvent of a type of the sender's own; its data is as it came. */
export type CustomCloudEvent = Attributes<CustomType> & {
  readonly data?: unknown;
  /** Data that is no text, in base64. */
  readonly data_base64?: string;
};
/** A CloudEvent in structured mode, told apart by `type`. */
export type CloudEvent = { [T in Trigger]: CloudEventOf<T> }[Trigger] | CustomCloudEvent;

const REQUIRED = ['id', 'source', 'type'];
const OPTIONAL = [
  ...['time', 'subject', 'datacontenttype', 'dataschema', 'data_base64'],
  ...['account', 'caller', 'database', 'collection', 'profile', 'subprofile', 'mailing'],
];

/** Reads a CloudEvent; attributes that are not named here are as they came. Throws `body_malformed` or `type_unknown`. */
export function parseCloudEvent(event: unknown): CloudEvent {
  if (!isJsonObject(event)) throw malformed('a CloudEvent is a JSON object');
  if (event.specversion !== '1.0') throw malformed('specversion must be 1.0');
  for (const name of REQUIRED)
    if (typeof event[name] !== 'string' || event[name] === '')
      throw malformed(`${name} must be a text that is not empty`);
  for (const name of OPTIONAL)
    if (event[name] !== undefined && typeof event[name] !== 'string') throw malformed(`${name} must be a text`);
  const type = String(event.type);
  if (!isTrigger(type)) {
    assertCustom(type);
    return event as CustomCloudEvent;
  }
  if (!isJsonObject(event.data)) throw malformed('data must be a JSON object');
  // The table that is read is the one that the type is made from.
  return { ...event, data: readFields(TRIGGER_FIELDS[type], new JsonReader(event.data)) } as CloudEvent;
}

function malformed(detail: string): ReceiverError {
  return new ReceiverError('body_malformed', detail);
}
