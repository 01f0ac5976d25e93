import type { CopernicaTrigger } from '../triggers.js';

/** An event of each trigger with every documented field of spec section 4, as a producer sends it. */
const common = {
  specversion: '1.0',
  id: 'evt-1',
  source: '/marketing-suite',
  time: '2026-01-15T10:20:30Z',
  account: '1234',
  caller: 'ms',
};
const ids = { database: 1, collection: 2, profile: 123, subprofile: 456, mailing: 466 };
const message = { message: 'b4icbaqjswyrb7tc', recipient: 'ann@example.com', tags: ['newsletter', 'januari 2026'] };
const answer = { code: 550, extended: '5.1.1', description: 'No such user' };
const visit = { ip: '2001:db8::1', useragent: 'Mozilla/5.0 (X11)', referer: 'https://mail.example/' };
const change = {
  created: '2026-01-15T10:20:30Z',
  modified: '2026-01-15T10:20:30Z',
  parameters: { name: 'José Ångström', blue: 1, red: false },
  fields: { 'Company name': 'A & B = 100%; ok?', empty: '', age: 42, unknown: null },
};
const interests = [{ name: 'blue', group: 'colours' }, { name: 'red wine' }];
const profile = { database: 1, profile: 123 };
const subprofile = { ...profile, collection: 2, subprofile: 456 };

export const SAMPLES: Readonly<Record<CopernicaTrigger, Record<string, unknown> & { data: Record<string, unknown> }>> =
  {
    bounce: {
      ...common,
      ...ids,
      type: 'bounce',
      data: { ...message, envelope: 'bounces@customer.example', mime: 'Return-Path: <>\r\n\r\nüìäöl' },
    },
    failure: { ...common, ...ids, type: 'failure', data: { ...message, action: 'failed', state: 'rcptto', ...answer } },
    delivery: { ...common, ...ids, type: 'delivery', data: { ...message, ...answer, code: 250 } },
    click: { ...common, ...ids, type: 'click', data: { ...message, ...visit, original: 'https://shop.example/p?a=1' } },
    open: { ...common, ...ids, type: 'open', data: { ...message, ...visit } },
    unsubscribe: { ...common, ...ids, type: 'unsubscribe', data: { id: '9001', ...message, source: 'link' } },
    abuse: {
      ...common,
      ...ids,
      type: 'abuse',
      data: { ...message, emailfrom: 'fbl@isp.example', mime_base64: '/wCA' },
    },
    create: { ...common, ...profile, type: 'create', data: { ...change, interests } },
    update: { ...common, ...profile, type: 'update', data: { ...change, interests } },
    delete: { ...common, ...profile, type: 'delete', data: { fields: change.fields } },
  };

/** The subprofile forms of `create`, `update` and `delete`. */
export const SUBPROFILE_SAMPLES = {
  create: { ...common, ...subprofile, type: 'create', data: { ...change, interests: [] } },
  update: { ...common, ...subprofile, type: 'update', data: { ...change, interests: [] } },
  delete: { ...common, ...subprofile, type: 'delete', data: { fields: change.fields } },
} as const;

export const CUSTOM_SAMPLE = {
  ...common,
  type: 'invoice.paid',
  subject: 'invoice/2026-001',
  data: { number: '2026-001', amount: { cents: 12_100, currency: 'EUR' }, lines: [null, true, 'ü'] },
};
