import { eventSchema } from '@postduif/contracts';
import type { Event } from '@postduif/contracts';

/** An event as ingest would accept it, at the moment of the test vector. */
export function anEvent(event: Record<string, unknown>): Event {
  return eventSchema.parse({ id: 'event-1', account: '1234', time: '2026-01-15T10:20:30Z', ...event });
}

/** The event whose body is the test vector of spec section 6.7. */
export const VECTOR_EVENT = anEvent({
  type: 'create',
  database: 1,
  profile: 123,
  data: {
    created: '2026-01-15 10:20:30',
    modified: '2026-01-15T10:20:30Z',
    parameters: { name: 'José Ångström', mail: 'jose+news@example.com', blue: true },
    fields: {
      name: 'José Ångström',
      mail: 'jose+news@example.com',
      'Company name': 'A & B = 100%; ok?',
      empty: '',
    },
    interests: ['blue', 'red wine'],
  },
});

export const VECTOR_BODY = [
  'type=create&timestamp=2026-01-15+10%3A20%3A30&time=1768472430&id=123&profile=123&database=1',
  '&created=2026-01-15+10%3A20%3A30&modified=2026-01-15+10%3A20%3A30',
  '&parameters%5Bname%5D=Jos%C3%A9+%C3%85ngstr%C3%B6m&parameters%5Bmail%5D=jose%2Bnews%40example.com&parameters%5Bblue%5D=1',
  '&fields%5Bname%5D=Jos%C3%A9+%C3%85ngstr%C3%B6m&fields%5Bmail%5D=jose%2Bnews%40example.com',
  '&fields%5BCompany+name%5D=A+%26+B+%3D+100%25%3B+ok%3F&fields%5Bempty%5D=&interests%5B%5D=blue&interests%5B%5D=red+wine',
].join('');

/** ISO-8859-1 and every byte: not UTF-8. */
export const RAW_BYTES = Buffer.concat([
  Buffer.from('Subject: caf\xe9\r\n\r\n', 'latin1'),
  Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)),
]);

const message = { message: 'b4icbaqjswyrb7tc', recipient: 'ann@example.com', tags: ['newsletter', 'mei; juni'] };
const messageIds = { profile: 123, subprofile: 456, database: 1, collection: 2, mailing: 466 };
const postedMessage = {
  id: 'b4icbaqjswyrb7tc',
  profile: 123,
  subprofile: 456,
  database: 1,
  collection: 2,
  mailing: 466,
  recipient: 'ann@example.com',
};
const tags = ['newsletter', 'mei; juni'];
const change = {
  created: '2026-01-01T00:00:00Z',
  modified: '2026-01-15T10:20:30.9Z',
  parameters: { name: 'Ann', age: 41, active: false, ratio: 1.5, unknown: null },
  fields: { name: 'Ann', 'first.name': 'dot', 'Company name': '日本 🎉', empty: '', unknown: null },
};
const postedChange = {
  created: '2026-01-01 00:00:00',
  modified: '2026-01-15 10:20:30',
  parameters: { name: 'Ann', age: 41, active: false, ratio: 1.5 },
  fields: { name: 'Ann', 'first.name': 'dot', 'Company name': '日本 🎉', empty: '' },
};

interface Case {
  readonly event: Event;
  /** What is posted beside `type`, `timestamp` and `time`, in order. */
  readonly posted: Record<string, unknown>;
}

const subprofile = { profile: 123, subprofile: 456, database: 1, collection: 2 };

/** All ten triggers with every field of spec section 4. */
export const EVERY_TRIGGER: Readonly<Record<string, Case>> = {
  'create of a profile': {
    event: anEvent({
      type: 'create',
      profile: 123,
      database: 1,
      data: { ...change, interests: ['blue', { name: 'red wine', group: 'Drinks & more' }] },
    }),
    posted: {
      id: 123,
      profile: 123,
      database: 1,
      ...postedChange,
      interests: ['blue', 'red wine'],
      interestgroups: { 'red wine': 'Drinks & more' },
    },
  },
  'create of a subprofile': {
    event: anEvent({ type: 'create', ...subprofile, data: change }),
    posted: { id: 456, ...subprofile, ...postedChange },
  },
  'update of a profile': {
    event: anEvent({ type: 'update', profile: 123, database: 1, data: { ...change, interests: ['blue'] } }),
    posted: { id: 123, profile: 123, database: 1, ...postedChange, interests: ['blue'] },
  },
  'update of a subprofile': {
    event: anEvent({ type: 'update', ...subprofile, data: change }),
    posted: { id: 456, ...subprofile, ...postedChange },
  },
  'delete of a profile': {
    event: anEvent({ type: 'delete', profile: 123, database: 1, data: { fields: change.fields } }),
    posted: { id: 123, profile: 123, database: 1, fields: postedChange.fields },
  },
  'delete of a subprofile': {
    event: anEvent({ type: 'delete', ...subprofile, data: { fields: change.fields } }),
    posted: { id: 456, ...subprofile, fields: postedChange.fields },
  },
  click: {
    event: anEvent({
      type: 'click',
      ...messageIds,
      data: {
        ...message,
        ip: '2001:db8::1',
        original: 'https://shop.example/p?a=1&b=%20',
        useragent: 'Mozilla/5.0 (X11)',
        referer: 'https://mail.example/',
      },
    }),
    posted: {
      ...postedMessage,
      ip: '2001:db8::1',
      original: 'https://shop.example/p?a=1&b=%20',
      useragent: 'Mozilla/5.0 (X11)',
      referer: 'https://mail.example/',
      tags,
    },
  },
  open: {
    event: anEvent({
      type: 'open',
      ...messageIds,
      data: { ...message, ip: '203.0.113.9', useragent: 'Mozilla/5.0', referer: '' },
    }),
    posted: { ...postedMessage, ip: '203.0.113.9', useragent: 'Mozilla/5.0', referer: '', tags },
  },
  delivery: {
    event: anEvent({
      type: 'delivery',
      ...messageIds,
      data: { ...message, code: 250, extended: '2.0.0', description: 'OK queued as 4F2' },
    }),
    posted: { ...postedMessage, code: 250, extended: '2.0.0', description: 'OK queued as 4F2', tags },
  },
  failure: {
    event: anEvent({
      type: 'failure',
      ...messageIds,
      data: {
        ...message,
        action: 'failed',
        state: 'rcptto',
        code: 550,
        extended: '5.1.1',
        description: "No such user <o'neil>",
      },
    }),
    posted: {
      ...postedMessage,
      action: 'failed',
      state: 'rcptto',
      code: 550,
      extended: '5.1.1',
      description: "No such user <o'neil>",
      tags,
    },
  },
  'bounce with a text': {
    event: anEvent({
      type: 'bounce',
      ...messageIds,
      data: { ...message, envelope: 'bounces@customer.example', mime: 'Return-Path: <>\r\n\r\nGeen gehoor ☎' },
    }),
    posted: {
      ...postedMessage,
      envelope: 'bounces@customer.example',
      mime: 'Return-Path: <>\r\n\r\nGeen gehoor ☎',
      tags,
    },
  },
  'abuse with a text': {
    event: anEvent({
      type: 'abuse',
      ...messageIds,
      data: { ...message, emailfrom: 'fbl@isp.example', mime: 'From: <fbl@isp.example>\r\n\r\n+ - _ ~ *' },
    }),
    posted: { ...postedMessage, emailfrom: 'fbl@isp.example', mime: 'From: <fbl@isp.example>\r\n\r\n+ - _ ~ *', tags },
  },
  unsubscribe: {
    event: anEvent({
      type: 'unsubscribe',
      ...messageIds,
      data: { id: 9001, ...message, source: 'link' },
    }),
    posted: {
      id: '9001',
      profile: 123,
      subprofile: 456,
      database: 1,
      collection: 2,
      mailing: 466,
      message: 'b4icbaqjswyrb7tc',
      recipient: 'ann@example.com',
      source: 'link',
      tags,
    },
  },
};

/** The two triggers whose message may be bytes that are not UTF-8. */
export const RAW_EVENTS: readonly Event[] = [
  anEvent({
    type: 'bounce',
    data: { ...message, envelope: 'bounces@customer.example', mime_base64: RAW_BYTES.toString('base64') },
  }),
  anEvent({
    type: 'abuse',
    data: { ...message, emailfrom: 'fbl@isp.example', mime_base64: RAW_BYTES.toString('base64') },
  }),
];
