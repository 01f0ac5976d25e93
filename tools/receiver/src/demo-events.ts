import type { CopernicaTrigger } from '@postduif/contracts';

/** An event as a producer posts it: id, time and account are filled in by event-ingest. */
export interface DemoEvent {
  readonly type: CopernicaTrigger | 'invoice.paid';
  readonly [attribute: string]: unknown;
}

const ids = { database: 1, profile: 123, mailing: 466 };
const mail = {
  message: 'b4icbaqjswyrb7tc',
  recipient: 'sjoerd.van.den.berg@voorbeeld.example',
  tags: ['nieuwsbrief', 'januari'],
};
const browser = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';
const visit = { ip: '203.0.113.9', useragent: browser, referer: 'https://webmail.voorbeeld.example/' };

const fields = {
  voornaam: 'Sjoerd',
  achternaam: 'van den Berg',
  email: 'sjoerd.van.den.berg@voorbeeld.example',
  woonplaats: "'s-Hertogenbosch",
  'Naam bedrijf': 'Bakkerij Jansen & Zonen',
  telefoon: '',
};
const order = { ordernummer: '2026-00187', product: 'Krentenbollen, 12 stuks', bedrag: '8,95', status: 'verzonden' };

const bounce = [
  'Return-Path: <>',
  'From: Mail Delivery System <MAILER-DAEMON@mx.voorbeeld.example>',
  'To: retour@bakkerij-jansen.example',
  'Subject: Uw bericht kon niet worden bezorgd',
  'Content-Type: text/plain; charset=utf-8',
  '',
  'De mailbox van Zoë Čapková bestaat niet meer.',
  '',
].join('\r\n');

const complaint = [
  'From: Feedback Loop <fbl@provider.example>',
  'Subject: Klacht over een bericht',
  'Content-Type: multipart/report; report-type=feedback-report; boundary=grens',
  '',
  '--grens--',
  '',
].join('\r\n');

const profile = { database: 1, profile: 123, caller: 'publisher' };
const subprofile = { ...profile, collection: 2, subprofile: 456 };

/** One event of every trigger, profile and subprofile forms, and one of a type of one's own. */
export const DEMO_EVENTS: readonly DemoEvent[] = [
  {
    ...profile,
    type: 'create',
    data: {
      parameters: { ...fields, 'Interesse brood': 1 },
      fields,
      interests: [{ name: 'brood', group: 'producten' }, { name: 'taart' }],
    },
  },
  { ...subprofile, type: 'create', data: { parameters: order, fields: order } },
  {
    ...profile,
    type: 'update',
    data: {
      created: '2025-03-01 09:00:00',
      parameters: { woonplaats: 'Ĳmuiden' },
      fields: { ...fields, woonplaats: 'Ĳmuiden' },
      interests: ['brood'],
    },
  },
  {
    ...subprofile,
    type: 'update',
    data: {
      created: '2026-01-10 14:30:00',
      parameters: { status: 'bezorgd' },
      fields: { ...order, status: 'bezorgd' },
    },
  },
  { ...profile, type: 'delete', data: { fields } },
  { ...subprofile, type: 'delete', data: { fields: order } },
  { ...ids, type: 'delivery', data: { ...mail, code: 250, extended: '2.0.0', description: 'OK queued as 4F2' } },
  { ...ids, type: 'open', data: { ...mail, ...visit } },
  {
    ...ids,
    type: 'click',
    data: { ...mail, ...visit, original: 'https://bakkerij-jansen.example/aanbieding?week=3&soort=krentenbol' },
  },
  {
    ...ids,
    type: 'failure',
    data: { ...mail, action: 'failure', state: 'rcptto', code: 550, extended: '5.1.1', description: 'No such user' },
  },
  { ...ids, type: 'bounce', data: { ...mail, envelope: 'retour@bakkerij-jansen.example', mime: bounce } },
  {
    ...ids,
    type: 'unsubscribe',
    data: { id: '9001', message: mail.message, recipient: mail.recipient, source: 'link' },
  },
  { ...ids, type: 'abuse', data: { ...mail, emailfrom: 'fbl@provider.example', mime: complaint } },
  {
    type: 'invoice.paid',
    subject: 'invoice/2026-00187',
    data: {
      number: '2026-00187',
      customer: { name: 'Bakkerij Jansen & Zonen', city: "'s-Hertogenbosch" },
      amount: { cents: 12_100, currency: 'EUR' },
      lines: [{ description: 'Krentenbollen', quantity: 144 }],
    },
  },
];
