import type { IncomingHttpHeaders } from 'node:http';
import { expectTypeOf } from 'expect-type';
import type { CloudEvent, FormPayload, JsonPayload, Receiver, ReceivedRequest, Trigger, Webhook } from './index.js';

/** What users rely on of the types. Nothing here runs: the compiler is the test. */

type Form<T extends Trigger> = Extract<FormPayload, { type: T }>;
type Json<T extends Trigger> = Extract<JsonPayload, { type: T }>['data'];

expectTypeOf<Trigger>().toEqualTypeOf<
  'create' | 'update' | 'delete' | 'click' | 'open' | 'delivery' | 'failure' | 'bounce' | 'abuse' | 'unsubscribe'
>();

// Fields that are always there, and fields that may be unknown.
expectTypeOf<Form<'click'>['original']>().toEqualTypeOf<string>();
expectTypeOf<Form<'click'>['referer']>().toEqualTypeOf<string | undefined>();
expectTypeOf<Form<'click'>['time']>().toEqualTypeOf<number>();
expectTypeOf<Form<'click'>['profile']>().toEqualTypeOf<number | undefined>();
expectTypeOf<Form<'create'>['profile']>().toEqualTypeOf<number>();
expectTypeOf<Form<'create'>['created']>().toEqualTypeOf<string>();
expectTypeOf<Form<'update'>['created']>().toEqualTypeOf<string | undefined>();
expectTypeOf<Form<'unsubscribe'>['id']>().toEqualTypeOf<string>();
expectTypeOf<Form<'abuse'>['recipient']>().toEqualTypeOf<string | undefined>();
expectTypeOf<Form<'failure'>['action']>().toEqualTypeOf<'failure' | 'failed'>();
expectTypeOf<Form<'bounce'>['mime']>().toEqualTypeOf<Buffer>();
expectTypeOf<Form<'open'>['tags']>().toEqualTypeOf<readonly string[]>();
expectTypeOf<Form<'open'>>().not.toHaveProperty('original');

// Values of fields are text in a form; JSON has more.
expectTypeOf<Form<'update'>['fields']>().toEqualTypeOf<Readonly<Record<string, string>>>();
expectTypeOf<Json<'update'>['fields']>().toEqualTypeOf<Readonly<Record<string, string | number | boolean>>>();
expectTypeOf<Json<'bounce'>['mime']>().toEqualTypeOf<Buffer>();

/** Each branch is narrowed by what tells it apart. */
export function narrows({ format, payload, signature, eventId }: Webhook): void {
  expectTypeOf(eventId).toEqualTypeOf<string | undefined>();
  if (signature.scheme === 'http-signature') expectTypeOf(signature.copernicaId).toEqualTypeOf<string>();
  else expectTypeOf(signature.id).toEqualTypeOf<string>();

  if (format === 'cloudevents') {
    expectTypeOf(payload).toEqualTypeOf<CloudEvent>();
    expectTypeOf(payload.source).toEqualTypeOf<string>();
    expectTypeOf(payload.profile).toEqualTypeOf<string | undefined>();
    if (payload.type === 'click') expectTypeOf(payload.data.original).toEqualTypeOf<string>();
    if (payload.type === 'invoice.paid') expectTypeOf(payload.data).toEqualTypeOf<unknown>();
  } else if (format === 'json') {
    if (payload.type === 'click') expectTypeOf(payload.data.original).toEqualTypeOf<string>();
    if (payload.type === 'invoice.paid') expectTypeOf(payload.data).toEqualTypeOf<Readonly<Record<string, unknown>>>();
  } else if (payload.type === 'delivery') {
    expectTypeOf(payload.code).toEqualTypeOf<number | undefined>();
  } else if (payload.type === 'invoice.paid') {
    expectTypeOf(payload.data).toEqualTypeOf<Readonly<Record<string, unknown>>>();
  }
}

// Headers of every server; a body only as bytes.
type Given = Parameters<Receiver['verify']>[0];
expectTypeOf<Headers>().toExtend<Given['headers']>();
expectTypeOf<IncomingHttpHeaders>().toExtend<Given['headers']>();
expectTypeOf<Map<string, string>>().toExtend<Given['headers']>();
expectTypeOf<string[]>().not.toExtend<Given['headers']>();
expectTypeOf<string>().not.toExtend<ReceivedRequest['body']>();
expectTypeOf<Buffer>().toExtend<ReceivedRequest['body']>();
