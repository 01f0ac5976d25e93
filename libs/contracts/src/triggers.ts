import { z } from 'zod';
import { eventMoment, line, numericId } from './fields.js';
import { isJsonObject, isRawNumber } from './json.js';
import type { RawNumber } from './json.js';

/** Copernica's ten triggers (spec section 2). */
export const COPERNICA_TRIGGERS = [
  'create',
  'update',
  'delete',
  'click',
  'open',
  'delivery',
  'bounce',
  'failure',
  'unsubscribe',
  'abuse',
] as const;

export type CopernicaTrigger = (typeof COPERNICA_TRIGGERS)[number];

export function isCopernicaTrigger(type: string): type is CopernicaTrigger {
  return (COPERNICA_TRIGGERS as readonly string[]).includes(type);
}

/** Who may cause an event (spec section 10.2); `ms` is Marketing Suite. */
export const CALLERS = [
  'ms',
  'publisher',
  'rest',
  'soap',
  'click',
  'open',
  'failure',
  'bounce',
  'import',
  'copy',
] as const;

export type Caller = (typeof CALLERS)[number];

const text = z.string();
const messageId = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be 1 to 64 letters, digits, `_` or `-`');
const email = line.min(3, 'must be an e-mail address').max(320);
const SMTP_CODE = 'must be an SMTP reply code, 100 to 999';
const smtpCode = z.int(SMTP_CODE).min(100, SMTP_CODE).max(999, SMTP_CODE);
const tags = z.array(text.min(1).max(1_000)).max(100).optional();

/** Names go into brackets (`fields[name]`), which PHP cannot decode when they hold brackets (spec section 3.2). */
export const bracketName = z
  .string()
  .min(1, 'a name may not be empty')
  .max(255)
  .regex(new RegExp(String.raw`^[^\[\]\u0000]*$`), 'a name may not contain `[`, `]` or NUL');

/** A number beyond the precision of a double keeps its digits as text: everything is text to the receiver anyway. */
const rawNumber = z.custom<unknown>(isRawNumber).transform((raw) => (raw as RawNumber).rawJSON);

/** `null` is an unknown value: its key is not sent. */
const value = z.union([text, z.number(), z.boolean(), z.null(), rawNumber], {
  error: 'must be a string, a number, true, false or null',
});

/** Zod leaves `__proto__` out of records without a word. */
const named = z.unknown().refine((members) => !isJsonObject(members) || !Object.hasOwn(members, '__proto__'), {
  error: 'a name may not be `__proto__`',
  path: ['__proto__'],
});

const values = z.unknown().default({}).pipe(named).pipe(z.record(bracketName, value));

const interest = z.union(
  [
    bracketName.transform((name) => ({ name, group: undefined })),
    z.strictObject({ name: bracketName, group: bracketName.optional() }),
  ],
  { error: 'must be a name without `[`, `]` and NUL, or an object with `name` and, if it has one, `group`' },
);
const interests = z.array(interest).max(10_000).default([]);

/** Raw MIME: text, or base64 for bytes that are not UTF-8. Exactly one of the two. */
const mime = { mime: text.optional(), mime_base64: z.base64().optional() };
const oneMime = (data: { mime?: string | undefined; mime_base64?: string | undefined }): boolean =>
  (data.mime === undefined) !== (data.mime_base64 === undefined);
const oneMimeError = { error: 'give the message either as `mime` (text) or as `mime_base64`', path: ['mime'] };

const message = { message: messageId, recipient: email, tags };
const answer = { code: smtpCode.optional(), extended: text.optional(), description: text.optional() };
const visit = {
  ip: z.union([z.ipv4(), z.ipv6()], { error: 'must be an IP address' }),
  useragent: text.optional(),
  referer: text.optional(),
};
const profileChange = z.strictObject({
  created: eventMoment.optional(),
  modified: eventMoment.optional(),
  parameters: values,
  fields: values,
  interests,
});

/** The `data` of each trigger, by the names of spec section 4 (`message` is the message's id, posted as `id`). */
export const TRIGGER_DATA = {
  bounce: z.strictObject({ ...message, envelope: email, ...mime }).refine(oneMime, oneMimeError),
  failure: z.strictObject({
    ...message,
    action: z.enum(['failure', 'failed']),
    state: text.min(1).max(100),
    ...answer,
  }),
  delivery: z.strictObject({ ...message, ...answer }),
  click: z.strictObject({ ...message, ...visit, original: text.min(1) }),
  open: z.strictObject({ ...message, ...visit }),
  unsubscribe: z.strictObject({
    id: z.union([numericId.transform(String), line.min(1).max(64)], {
      error: 'must be the id of the unsubscribe: a number or 1 to 64 characters',
    }),
    message: messageId.optional(),
    recipient: email.optional(),
    tags,
    source: text.max(1_000).optional(),
  }),
  abuse: z
    .strictObject({ message: messageId, recipient: email.optional(), tags, emailfrom: email, ...mime })
    .refine(oneMime, oneMimeError),
  create: profileChange,
  update: profileChange,
  delete: z.strictObject({ fields: values }),
} as const satisfies Record<CopernicaTrigger, z.ZodType>;

export type TriggerData = { [T in CopernicaTrigger]: z.output<(typeof TRIGGER_DATA)[T]> };

/** Ids that a trigger must have beside `data`. */
export const REQUIRED_IDS: Readonly<Record<CopernicaTrigger, readonly ('database' | 'profile' | 'mailing')[]>> = {
  bounce: [],
  failure: [],
  delivery: [],
  click: [],
  open: [],
  abuse: [],
  unsubscribe: ['database', 'profile', 'mailing'],
  create: ['database', 'profile'],
  update: ['database', 'profile'],
  delete: ['database', 'profile'],
};
