import { z } from 'zod';
import type { FieldError } from './errors.js';
import { accountId, eventMoment, fieldErrors, line, numericId, once, plainMessage } from './fields.js';
import { isJsonObject } from './json.js';
import { CALLERS, COPERNICA_TRIGGERS, isCopernicaTrigger, REQUIRED_IDS, TRIGGER_DATA } from './triggers.js';
import type { CopernicaTrigger, TriggerData } from './triggers.js';

/** Largest event as JSON, in bytes: a change with a value of 1 MiB has it in its parameters and again among its fields. */
export const MAX_EVENT_BYTES = 4 * 1024 * 1024;

const DOTTED = /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)+$/;

/** A type of one's own: dotted, such as `invoice.paid` or `com.example.order.shipped`; at most 128 characters. */
export const dottedType = z.string().max(128).regex(DOTTED, 'must be a dotted type such as `invoice.paid`');

const TRIGGER = `must be one of ${COPERNICA_TRIGGERS.join(', ')}, or a dotted type such as invoice.paid`;

/** What a webhook can listen to: one of the ten triggers or a dotted type. */
export const trigger = z
  .string({ error: once(TRIGGER) })
  .refine((type) => isCopernicaTrigger(type) || dottedType.safeParse(type).success, TRIGGER)
  // For documents, which cannot say the condition.
  .meta({ anyOf: [{ enum: COPERNICA_TRIGGERS }, { pattern: DOTTED.source, maxLength: 128 }] });

/** Of an event. */
export const eventId = z.string().regex(/^[\x21-\x7e]{1,200}$/, 'must be 1 to 200 visible ASCII characters');

/** W3C Trace Context section 3.2; later versions may have more parts. */
export const TRACEPARENT = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}(-[\x21-\x7e]*)?$/;

const attributes = {
  specversion: z.literal('1.0', 'must be 1.0').default('1.0'),
  id: eventId,
  source: line.min(1).max(1_000).optional(),
  time: eventMoment,
  account: z.union([accountId, z.int().positive().transform(String)], {
    error: 'must be 1 to 64 letters, digits, `_` or `-`',
  }),
  subject: line.min(1).max(1_000).optional(),
  datacontenttype: z
    .string()
    .regex(/^application\/(json|[a-z0-9.+-]+\+json)( *;.*)?$/i, 'must be application/json')
    .optional(),
  dataschema: line.max(2_000).optional(),
  traceparent: z.string().max(100).regex(TRACEPARENT, 'must be a W3C traceparent').optional(),
  tracestate: z
    .string()
    .regex(/^[\x20-\x7e]{0,1000}$/, 'must be a W3C tracestate')
    .optional(),
  caller: z.enum(CALLERS, { error: `must be one of ${CALLERS.join(', ')}` }).optional(),
  database: numericId.optional(),
  collection: numericId.optional(),
  profile: numericId.optional(),
  subprofile: numericId.optional(),
  mailing: numericId.optional(),
};

/** CloudEvents 1.0 section 3.1: names of extension attributes are lower-case letters and digits. */
const extension = z.union([line.max(4_096), z.number(), z.boolean()]);
const KNOWN = new Set([...Object.keys(attributes), 'type', 'data']);
const EXTENSION_NAME = /^[a-z0-9]{1,20}$/;
const NOT_AN_ATTRIBUTE =
  'is not an attribute of an event: attributes have at most 20 lower-case letters and digits; put anything else into `data`';

const envelope = z
  .unknown()
  // Zod leaves it out without a word.
  .refine((event) => !isJsonObject(event) || !Object.hasOwn(event, '__proto__'), {
    error: NOT_AN_ATTRIBUTE,
    path: ['__proto__'],
  })
  .pipe(
    z.looseObject({
      ...attributes,
      type: trigger,
      // Taken over as it is, without a copy: it is passed on unchanged, whatever its names are.
      data: z.custom<Record<string, unknown>>(isJsonObject, 'must be a JSON object'),
    }),
  )
  .superRefine((event, context) => {
    for (const [name, value] of Object.entries(event)) {
      if (KNOWN.has(name)) continue;
      if (!EXTENSION_NAME.test(name)) context.addIssue({ code: 'custom', path: [name], message: NOT_AN_ATTRIBUTE });
      else if (!extension.safeParse(value).success)
        context.addIssue({
          code: 'custom',
          path: [name],
          message:
            'must be a string of at most 4,096 characters without control characters, a number or a boolean; put anything else into `data`',
        });
    }
    if (isCopernicaTrigger(event.type)) requireIds(event.type, event, context);
  });

function requireIds(
  type: CopernicaTrigger,
  event: Pick<EventAttributes, 'profile' | 'database' | 'mailing' | 'subprofile' | 'collection'>,
  context: z.RefinementCtx,
): void {
  for (const name of REQUIRED_IDS[type]) {
    if (event[name] === undefined)
      context.addIssue({ code: 'custom', path: [name], message: `is required for \`${type}\`` });
  }
  if (
    (type === 'create' || type === 'update' || type === 'delete') &&
    (event.subprofile === undefined) !== (event.collection === undefined)
  ) {
    const missing = event.subprofile === undefined ? 'subprofile' : 'collection';
    context.addIssue({
      code: 'custom',
      path: [missing],
      message: 'a subprofile has both `subprofile` and `collection`',
    });
  }
}

/** The attributes with a meaning of their own. Extension attributes of the producer stand beside them, untyped. */
export type EventAttributes = z.output<z.ZodObject<typeof attributes>>;

type EventOf<T extends CopernicaTrigger> = EventAttributes & { type: T; data: TriggerData[T] };

/** An event of one of Copernica's ten triggers. */
export type CopernicaEvent = { [T in CopernicaTrigger]: EventOf<T> }[CopernicaTrigger];
/** An event of a type of one's own; `data` is passed on unchanged. */
export type CustomEvent = EventAttributes & { type: `${string}.${string}`; data: Record<string, unknown> };

/** The canonical event, as it stands on the topic `events` in JSON (design, section 2). */
export type Event = CopernicaEvent | CustomEvent;

/**
 * The event of design section 2. `id`, `time` and `account` must have been filled in by the caller where the producer may
 * leave them out. Unknown fields in the data of the ten triggers are refused: nothing is dropped silently.
 */
export const eventSchema: z.ZodType<Event> = envelope.transform((event, context): Event => {
  if (!isCopernicaTrigger(event.type)) return event as CustomEvent;
  const data = TRIGGER_DATA[event.type].safeParse(event.data, { error: plainMessage });
  if (!data.success) {
    for (const { path, message } of fieldErrors(data.error))
      context.addIssue({ code: 'custom', path: path === '' ? ['data'] : ['data', path], message });
    return z.NEVER;
  }
  const result = { ...event, data: data.data } as CopernicaEvent;
  if (result.type !== 'create' && result.type !== 'update') return result;
  if (result.subprofile !== undefined && result.data.interests.length > 0) {
    context.addIssue({ code: 'custom', path: ['data', 'interests'], message: 'a subprofile has no interests' });
    return z.NEVER;
  }
  result.data.modified ??= result.time;
  if (result.type === 'create') result.data.created ??= result.time;
  return result;
});

/** As far as a document can say it: the rules between fields are in `eventSchema` alone. */
function documentOf(described: Readonly<Record<string, z.ZodType>>, others: z.ZodType): z.ZodType {
  return z.union([
    ...COPERNICA_TRIGGERS.map((type) =>
      z.object({ ...described, type: z.literal(type), data: TRIGGER_DATA[type] }).catchall(others),
    ),
    z.object({ ...described, type: dottedType, data: z.record(z.string(), z.unknown()) }).catchall(others),
  ]);
}

/** What documents say of the canonical event. */
export const eventDocument = documentOf(attributes, extension);

const newAttributes = Object.fromEntries(
  Object.entries(attributes).map(([name, attribute]) => [name, attribute.nullish()]),
);

/** The same of an event as producers may send it: what is null is absent (CloudEvents JSON format section 2.2). */
export const newEventDocument = documentOf(newAttributes, extension.nullable());

/** The same in structured mode, where the data may also come as bytes (CloudEvents JSON format section 3.1.1). */
export const newCloudEventDocument = z.union([
  newEventDocument,
  z
    .object({
      ...newAttributes,
      type: trigger,
      data: z.never().optional(),
      data_base64: z.base64().describe('The JSON that would be in `data`, in base64.'),
    })
    .catchall(extension.nullable()),
]);

/** An event by the contract, or what a stranger has to correct. As `eventSchema`, with messages that do not assume Zod. */
export function parseEvent(value: unknown): { readonly event: Event } | { readonly errors: readonly FieldError[] } {
  const parsed = eventSchema.safeParse(value, { error: plainMessage });
  return parsed.success ? { event: parsed.data } : { errors: fieldErrors(parsed.error) };
}

/** True for the events that are about a profile or subprofile and not about a message. */
export function isProfileEvent(event: Event): event is EventOf<'create'> | EventOf<'update'> | EventOf<'delete'> {
  return event.type === 'create' || event.type === 'update' || event.type === 'delete';
}

/** Key on `events`: events about the same thing keep their order and meet the same fan-out (which knows repeated ids). */
export function eventKey(event: Event): string {
  return `${event.account}/${event.subject ?? profileOf(event) ?? event.id}`;
}

function profileOf(event: Event): string | undefined {
  return event.profile === undefined ? undefined : `profile/${event.profile}`;
}
