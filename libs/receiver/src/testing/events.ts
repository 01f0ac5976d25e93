import { eventSchema } from '@postduif/contracts';
import type { CopernicaEvent, CopernicaTrigger } from '@postduif/contracts';
import fc from 'fast-check';

const text = fc.string({ unit: 'binary', maxLength: 40 }).filter((candidate) => candidate.isWellFormed());
const someText = text.filter((candidate) => candidate !== '');
/** What PHP can carry inside brackets. */
const name = someText.filter((candidate) => !/[[\]\0]/.test(candidate) && candidate !== '__proto__');
const value = fc.oneof(
  text,
  fc.boolean(),
  fc.constant(null),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => (number === 0 ? 0 : number)),
);
const values = fc.dictionary(name, value, { noNullPrototype: true });
const id = fc.integer({ min: 1, max: 2 ** 31 });
const messageId = fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/);
const moment = fc
  .date({ min: new Date('2000-01-01'), max: new Date('2100-01-01'), noInvalidDate: true })
  .map((date) => date.toISOString());
const email = fc.stringMatching(/^[a-z.+']{1,20}@[a-z-]{1,10}\.example$/);
const tags = fc.array(someText, { maxLength: 4 });
const bytes = fc.uint8Array({ maxLength: 300 }).map((raw) => Buffer.from(raw).toString('base64'));
const ip = fc.oneof(fc.ipV4(), fc.ipV6());

type Model = Record<string, fc.Arbitrary<unknown>>;

/** Every field, of which those not named may be missing. */
function dataOf(model: Model, ...required: string[]): fc.Arbitrary<Record<string, unknown>> {
  return fc.record(model, { requiredKeys: required });
}

const message = { message: messageId, recipient: email, tags };
const answer = { code: fc.integer({ min: 100, max: 999 }), extended: text, description: text };
const visit = { ip, useragent: text, referer: text };
const interests = fc.uniqueArray(fc.oneof(name, fc.record({ name, group: name })), {
  maxLength: 5,
  selector: (interest) => (typeof interest === 'string' ? interest : interest.name),
});
const change = { created: moment, modified: moment, parameters: values, fields: values };

const DATA: Record<CopernicaTrigger, fc.Arbitrary<Record<string, unknown>>> = {
  create: dataOf({ ...change, interests }),
  update: dataOf({ ...change, interests }),
  delete: dataOf({ fields: values }),
  click: dataOf({ ...message, ...visit, original: someText }, 'message', 'recipient', 'ip', 'original'),
  open: dataOf({ ...message, ...visit }, 'message', 'recipient', 'ip'),
  delivery: dataOf({ ...message, ...answer }, 'message', 'recipient'),
  failure: dataOf(
    { ...message, ...answer, action: fc.constantFrom('failure', 'failed'), state: someText },
    ...['message', 'recipient', 'action', 'state'],
  ),
  bounce: fc.oneof(
    dataOf({ ...message, envelope: email, mime: text }, ...['message', 'recipient', 'envelope', 'mime']),
    dataOf({ ...message, envelope: email, mime_base64: bytes }, ...['message', 'recipient', 'envelope', 'mime_base64']),
  ),
  abuse: dataOf({ ...message, emailfrom: email, mime_base64: bytes }, 'message', 'emailfrom', 'mime_base64'),
  unsubscribe: dataOf({ ...message, id: fc.oneof(id, messageId), source: text }, 'id'),
};

const REQUIRED_IDS: Partial<Record<CopernicaTrigger, string[]>> = {
  create: ['profile', 'database'],
  update: ['profile', 'database'],
  delete: ['profile', 'database'],
  unsubscribe: ['profile', 'database', 'mailing'],
};
const ids = { profile: id, database: id, mailing: id };
const subprofile = fc.record({ subprofile: id, collection: id });

/** Any event of a trigger, as ingest accepts it. */
export function anyEvent(type: CopernicaTrigger): fc.Arbitrary<CopernicaEvent> {
  const attributes = fc.record(ids, { requiredKeys: (REQUIRED_IDS[type] ?? []) as (keyof typeof ids)[] });
  return fc
    .tuple(attributes, fc.option(subprofile, { nil: undefined }), moment, DATA[type])
    .map(([given, sub, time, { interests: some, ...data }]) => {
      const wanted = some === undefined || sub !== undefined ? data : { ...data, interests: some };
      const event = { id: 'evt-1', account: '1234', type, time, ...given, ...sub, data: wanted };
      return eventSchema.parse(event) as CopernicaEvent;
    });
}
