import { bracketName, isCopernicaTrigger } from '@postduif/contracts';
import type { CopernicaTrigger, SampleSubject } from '@postduif/contracts';
import { invalid } from '../v4/invalid.js';
import type { Webhook } from '../webhooks/webhook.js';

/** What an event holds beside its identity and its time. */
export interface Sample {
  /** Of its database, profile, mailing and so on. */
  readonly ids: Readonly<Record<string, number>>;
  readonly data: Readonly<Record<string, unknown>>;
}

type Sampled = Pick<Webhook, 'trigger' | 'database' | 'collection' | 'fields'>;

const DATABASE = 1;
const COLLECTION = 2;
const PROFILE = 123;
const SUBPROFILE = 456;
const MAILING = 466;
const MADE = '2026-01-05T09:00:00Z';

const message = { message: 'b4icbaqjswyrb7tc', recipient: 'ann@example.com', tags: ['newsletter'] };
const visit = {
  ip: '203.0.113.9',
  useragent: 'Mozilla/5.0 (X11; Linux x86_64; rv:146.0) Gecko/20100101 Firefox/146.0',
  referer: 'https://mail.example.com/',
};
const FIELDS = { name: 'Ann Example', mail: 'ann@example.com', city: 'Amsterdam' };
const INTERESTS = [{ name: 'newsletter', group: 'mail' }];

/** As a mail server returns what it cannot deliver (RFC 3464). */
const BOUNCE = [
  'From: MAILER-DAEMON@mx.example.com',
  'To: bounces@customer.example',
  'Subject: Undelivered Mail Returned to Sender',
  'Auto-Submitted: auto-replied',
  'MIME-Version: 1.0',
  'Content-Type: multipart/report; report-type=delivery-status; boundary="sample"',
  '',
  '--sample',
  'Content-Type: text/plain; charset=utf-8',
  '',
  'Your message to ann@example.com could not be delivered.',
  '--sample',
  'Content-Type: message/delivery-status',
  '',
  'Reporting-MTA: dns; mx.example.com',
  '',
  'Final-Recipient: rfc822; ann@example.com',
  'Action: failed',
  'Status: 5.1.1',
  '--sample--',
  '',
].join('\r\n');

/** As a provider reports a complaint (RFC 5965). */
const COMPLAINT = [
  'From: fbl@isp.example',
  'Subject: Abuse report',
  'MIME-Version: 1.0',
  'Content-Type: multipart/report; report-type=feedback-report; boundary="sample"',
  '',
  '--sample',
  'Content-Type: message/feedback-report',
  '',
  'Feedback-Type: abuse',
  'User-Agent: ExampleFeedback/1.0',
  'Version: 1',
  'Original-Rcpt-To: ann@example.com',
  '--sample--',
  '',
].join('\r\n');

/** The data of each trigger; profiles change differently from subprofiles, which have no interests. */
const DATA: Readonly<Record<CopernicaTrigger, (about: SampleSubject, named: object) => Record<string, unknown>>> = {
  create: (about, named) => ({
    ...change(about, { ...FIELDS, ...named }),
    parameters: { ...FIELDS, ...named, ...(about === 'profile' ? { newsletter: true } : {}) },
  }),
  update: (about, named) => ({
    ...change(about, { ...FIELDS, ...named }),
    created: MADE,
    parameters: Object.keys(named).length === 0 ? { city: FIELDS.city } : named,
  }),
  delete: (_about, named) => ({ fields: { ...FIELDS, ...named } }),
  click: () => ({ ...message, ...visit, original: 'https://shop.example.com/offers?campaign=spring' }),
  open: () => ({ ...message, ...visit }),
  delivery: () => ({ ...message, code: 250, extended: '2.0.0', description: 'OK, queued as 4F2A1B' }),
  bounce: () => ({ ...message, envelope: 'bounces@customer.example', mime: BOUNCE }),
  failure: () => ({
    ...message,
    ...{ action: 'failure', state: 'rcptto', code: 550, extended: '5.1.1', description: 'No such user here' },
  }),
  unsubscribe: () => ({ id: '9001', ...message, source: 'link' }),
  abuse: () => ({ ...message, emailfrom: 'fbl@isp.example', mime: COMPLAINT }),
};

function change(about: SampleSubject, fields: object): Record<string, unknown> {
  return { fields, interests: about === 'profile' ? INTERESTS : [] };
}

/**
 * What an event for a webhook could look like: of its database or collection, and for `update` with a change of the fields that it
 * waits for. Without a subject it is about a profile, or a subprofile where the webhook is limited to a collection. Types of one's own
 * get an object of all kinds of JSON. Throws `invalid_request` for a profile of a collection, which has none.
 */
export function sampleFor(webhook: Sampled, subject?: SampleSubject): Sample {
  const { trigger, database, collection, fields } = webhook;
  if (!isCopernicaTrigger(trigger)) return custom(webhook);
  if (subject === 'profile' && collection !== null)
    throw invalid('about: the webhook is limited to a collection, and there are only subprofiles in collections');
  const about = subject ?? (collection === null ? 'profile' : 'subprofile');
  const changesProfile = trigger === 'create' || trigger === 'update' || trigger === 'delete';
  const ids = {
    database: database ?? DATABASE,
    ...(about === 'subprofile' ? { collection: collection ?? COLLECTION } : {}),
    profile: PROFILE,
    ...(about === 'subprofile' ? { subprofile: SUBPROFILE } : {}),
    ...(changesProfile ? {} : { mailing: MAILING }),
  };
  // Names with brackets exist in no event.
  const named = (fields ?? []).filter((name) => bracketName.safeParse(name).success).map((name) => [name, 'changed']);
  return { ids, data: DATA[trigger](about, Object.fromEntries(named) as object) };
}

function custom({ trigger, database, collection }: Sampled): Sample {
  const ids = { ...(database === null ? {} : { database }), ...(collection === null ? {} : { collection }) };
  const data = {
    sample: true,
    text: `This is a sample of ${trigger}.`,
    number: 12.5,
    list: ['first', 'second'],
    object: { nothing: null },
  };
  return { ids, data };
}
