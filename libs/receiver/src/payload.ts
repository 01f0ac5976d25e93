import { parseCloudEvent } from './cloud-event.js';
import type { CloudEvent } from './cloud-event.js';
import { assertCustom } from './custom-type.js';
import type { CustomType } from './custom-type.js';
import { ReceiverError } from './errors.js';
import { FormReader, JsonReader, readFields, required } from './field-reader.js';
import type { FieldReader } from './field-reader.js';
import { isJsonObject, parseJson } from './json.js';
import type { JsonObject } from './json.js';
import { CUSTOM_FORM_FIELDS, isTrigger, TRIGGER_FIELDS } from './trigger-fields.js';
import type { Fields, FieldsOf, JsonScalar, Trigger } from './trigger-fields.js';

interface FormMoment {
  /** `YYYY-MM-DD HH:MM:SS`, in UTC unless the account says otherwise. */
  readonly timestamp: string;
  /** Unix seconds of the same instant. */
  readonly time: number;
}

/** The form of one trigger. */
export type FormPayloadOf<T extends Trigger> = { readonly type: T } & FormMoment & FieldsOf<T, string>;
/** The form of a type of the sender's own. */
export type CustomFormPayload = { readonly type: CustomType; readonly data: JsonObject } & FormMoment &
  Fields<typeof CUSTOM_FORM_FIELDS, string>;
/** What a form holds, told apart by `type`. */
export type FormPayload = { [T in Trigger]: FormPayloadOf<T> }[Trigger] | CustomFormPayload;

interface Json<Type extends string, Data> {
  readonly type: Type;
  /** When it happened, in ISO 8601. */
  readonly timestamp: string;
  readonly data: Data;
}

/** The JSON of one trigger. `mime` is bytes here too, whether it came as text or in base64. */
export type JsonPayloadOf<T extends Trigger> = Json<T, FieldsOf<T, JsonScalar>>;
/** The JSON of a type of the sender's own; its data is as it came. */
export type CustomJsonPayload = Json<CustomType, JsonObject>;
/** What JSON holds, told apart by `type`. */
export type JsonPayload = { [T in Trigger]: JsonPayloadOf<T> }[Trigger] | CustomJsonPayload;

/** What a body holds, told apart by `format`. */
export type Body =
  | { readonly format: 'form'; readonly payload: FormPayload }
  | { readonly format: 'json'; readonly payload: JsonPayload }
  | { readonly format: 'cloudevents'; readonly payload: CloudEvent };

/**
 * Reads a body by its content type. Throws `content_type_unsupported`, `body_malformed` or `type_unknown`.
 * @param isTypeSigned whether the signature covers the content type. Where it does not, a form is refused: somebody who says that
 *   signed JSON is a form would have its texts read as fields.
 */
export function parseBody(contentType: string | undefined, body: Uint8Array, isTypeSigned: boolean): Body {
  const type = contentType?.split(';', 1)[0]?.trim().toLowerCase();
  if (type === 'application/x-www-form-urlencoded' && isTypeSigned) return { format: 'form', payload: parseForm(body) };
  if (type === 'application/json') return { format: 'json', payload: parseJsonPayload(body) };
  if (type === 'application/cloudevents+json')
    return { format: 'cloudevents', payload: parseCloudEvent(parseJson(body)) };
  throw new ReceiverError('content_type_unsupported', type ?? 'there is none');
}

/** Reads a form by its `type`. */
export function parseForm(body: Uint8Array): FormPayload {
  const reader = new FormReader(body);
  const type = required('type', reader.text('type'));
  const moment = {
    timestamp: required('timestamp', reader.text('timestamp')),
    time: required('time', reader.number('time')),
  };
  const fields = isTrigger(type) ? readFields(TRIGGER_FIELDS[type], reader) : customFields(type, reader);
  // The table that was read is the one that the type is made from.
  return { type, ...moment, ...fields } as FormPayload;
}

function customFields(type: string, reader: FieldReader): Record<string, unknown> {
  assertCustom(type);
  const data = parseJson(required('data', reader.text('data')));
  if (!isJsonObject(data)) throw new ReceiverError('body_malformed', 'data must be a JSON object');
  return { ...readFields(CUSTOM_FORM_FIELDS, reader), data };
}

function parseJsonPayload(body: Uint8Array): JsonPayload {
  const payload = parseJson(body);
  if (!isJsonObject(payload)) throw new ReceiverError('body_malformed', 'it must be a JSON object');
  const { data } = payload;
  if (!isJsonObject(data)) throw new ReceiverError('body_malformed', 'data must be a JSON object');
  const reader = new JsonReader(payload);
  const type = required('type', reader.text('type'));
  const timestamp = required('timestamp', reader.text('timestamp'));
  if (isTrigger(type))
    return { type, timestamp, data: readFields(TRIGGER_FIELDS[type], new JsonReader(data)) } as JsonPayload;
  assertCustom(type);
  return { type, timestamp, data };
}
