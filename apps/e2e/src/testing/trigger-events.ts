import { readable } from './form-decoders.js';
import type { Posted } from './form-decoders.js';
import type { PostedEvent } from './running-system.js';

export interface TriggerExample {
  /** When and to whom; the trigger itself is the event's type. */
  readonly about: string;
  readonly event: PostedEvent;
  /** Beside `type`, `timestamp` and `time`. */
  readonly posted: Readonly<Record<string, Posted>>;
}

const MIB = 1024 * 1024;
const message = { message: 'b4icbaqjswyrb7tc', recipient: 'ann@example.com', tags: ['newsletter', 'januari 2026 ✉'] };
const ids = { profile: 123, subprofile: 456, database: 1, collection: 2, mailing: 466 };
const postedIds = { profile: '123', subprofile: '456', database: '1', collection: '2', mailing: '466' };
const postedMessage = { id: message.message, recipient: message.recipient, tags: message.tags, ...postedIds };
const answer = { code: 550, extended: '5.1.1', description: 'No such user: "ånn"' };
const postedAnswer = { ...answer, code: '550' };
const visit = {
  ip: '2001:db8::1',
  useragent: 'Mozilla/5.0 (X11; Linux) 100%',
  referer: 'https://mail.example/?a=1&b=[2]',
};
const mime = 'Return-Path: <>\r\nSubject: =?utf-8?q?Zo=C3=AB?=\r\n\r\nüìäöl & more = 100%\r\n';
/** Latin-1, so not UTF-8, with NUL and every other byte. */
const bytes = Buffer.concat([
  Buffer.from('Subject: Zo\xeb\r\n\r\n', 'latin1'),
  Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)),
]);
const large = 'é& +%=[;]'.repeat(MIB / 10);

const profile = { database: 1, profile: 123 };
const subprofile = { ...profile, collection: 2, subprofile: 456 };
const postedProfile = { id: '123', database: '1', profile: '123' };
const postedSubprofile = { ...postedProfile, id: '456', collection: '2', subprofile: '456' };

const fields = {
  name: 'José Ångström 日本 🎉',
  'Company name': 'A & B = 100%; ok?',
  'dots.and spaces': ' leading, trailing, plus + ',
  'Straße (äöü)': '\'quoted\' "twice" \\ <tag>',
  empty: '',
  lines: 'one\r\ntwo\ttabbed',
};
const values = { ...fields, age: 42, price: -1.5, news: true, sms: false, unknown: null };
const postedValues = { ...fields, age: '42', price: '-1.5', news: '1', sms: '0' };
const change = {
  created: '2025-12-31T23:59:59+01:00',
  modified: '2026-01-15 10:20:30',
  parameters: values,
  fields: values,
};
const postedChange = {
  created: '2025-12-31 22:59:59',
  modified: '2026-01-15 10:20:30',
  parameters: postedValues,
  fields: postedValues,
};
const interests = [{ name: 'blue', group: 'colours' }, { name: 'red wine', group: 'drinks' }, 'kaas'];
const postedInterests = {
  interests: ['blue', 'red wine', 'kaas'],
  interestgroups: { blue: 'colours', 'red wine': 'drinks' },
};

/** Every trigger with every field of the specification's section 4, in every form that it has. */
export const TRIGGER_EXAMPLES: readonly TriggerExample[] = [
  {
    about: 'with a message as text',
    event: { ...ids, type: 'bounce', data: { ...message, envelope: 'bounces@customer.example', mime } },
    posted: { ...postedMessage, envelope: 'bounces@customer.example', mime },
  },
  {
    about: 'with a message that is no UTF-8',
    event: {
      ...ids,
      type: 'bounce',
      data: { ...message, envelope: 'bounces@customer.example', mime_base64: bytes.toString('base64') },
    },
    posted: { ...postedMessage, envelope: 'bounces@customer.example', mime: readable(bytes) },
  },
  {
    about: 'with a message of 1 MiB',
    event: {
      type: 'bounce',
      data: {
        message: 'large',
        recipient: 'ann@example.com',
        envelope: 'b@example.com',
        mime_base64: Buffer.alloc(MIB, bytes).toString('base64'),
      },
    },
    posted: {
      id: 'large',
      recipient: 'ann@example.com',
      envelope: 'b@example.com',
      mime: readable(Buffer.alloc(MIB, bytes)),
    },
  },
  {
    about: 'with every field',
    event: { ...ids, type: 'failure', data: { ...message, action: 'failed', state: 'rcptto', ...answer } },
    posted: { ...postedMessage, action: 'failed', state: 'rcptto', ...postedAnswer },
  },
  {
    about: 'with every field',
    event: { ...ids, type: 'delivery', data: { ...message, ...answer, code: 250, extended: '2.0.0' } },
    posted: { ...postedMessage, ...postedAnswer, code: '250', extended: '2.0.0' },
  },
  {
    about: 'with every field',
    event: { ...ids, type: 'click', data: { ...message, ...visit, original: 'https://shop.example/p?a=1&b=%20#top' } },
    posted: { ...postedMessage, ...visit, original: 'https://shop.example/p?a=1&b=%20#top' },
  },
  {
    about: 'with every field',
    event: { ...ids, type: 'open', data: { ...message, ...visit, ip: '203.0.113.9' } },
    posted: { ...postedMessage, ...visit, ip: '203.0.113.9' },
  },
  {
    about: 'without what is optional',
    event: { type: 'open', data: { message: 'm-1_x', recipient: 'ann@example.com', tags: [], ip: '203.0.113.9' } },
    posted: { id: 'm-1_x', recipient: 'ann@example.com', ip: '203.0.113.9' },
  },
  {
    about: 'with every field',
    event: { ...ids, type: 'unsubscribe', data: { id: 9001, ...message, source: 'list-unsubscribe' } },
    posted: { ...postedMessage, id: '9001', message: message.message, source: 'list-unsubscribe' },
  },
  {
    about: 'with a report that is no UTF-8',
    event: {
      ...ids,
      type: 'abuse',
      data: { ...message, emailfrom: 'fbl@isp.example', mime_base64: bytes.toString('base64') },
    },
    posted: { ...postedMessage, emailfrom: 'fbl@isp.example', mime: readable(bytes) },
  },
  {
    about: 'of a profile',
    event: { ...profile, type: 'create', data: { ...change, interests } },
    posted: { ...postedProfile, ...postedChange, ...postedInterests },
  },
  {
    about: 'of a subprofile',
    event: { ...subprofile, type: 'create', data: change },
    posted: { ...postedSubprofile, ...postedChange },
  },
  {
    about: 'of a profile',
    event: { ...profile, type: 'update', data: { ...change, interests } },
    posted: { ...postedProfile, ...postedChange, ...postedInterests },
  },
  {
    about: 'of a subprofile',
    event: { ...subprofile, type: 'update', data: change },
    posted: { ...postedSubprofile, ...postedChange },
  },
  {
    about: 'of a profile, with a field of 1 MiB, one empty, and no interests',
    event: {
      ...profile,
      type: 'update',
      data: { ...change, parameters: { large }, fields: { large, empty: '' }, interests: [] },
    },
    posted: {
      ...postedProfile,
      created: postedChange.created,
      modified: postedChange.modified,
      parameters: { large },
      fields: { large, empty: '' },
    },
  },
  {
    about: 'of a profile',
    event: { ...profile, type: 'delete', data: { fields: values } },
    posted: { ...postedProfile, fields: postedValues },
  },
  {
    about: 'of a subprofile',
    event: { ...subprofile, type: 'delete', data: { fields: values } },
    posted: { ...postedSubprofile, fields: postedValues },
  },
];
