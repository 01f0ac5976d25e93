import { isJsonObject } from '@postduif/contracts';
import type { Attempt } from '@postduif/contracts';

/** A value in a logfile; the empty text when it is not known. */
export type LogValue = string | number;

interface Kind<Source> {
  /** First part of the file's name. */
  readonly prefix: string;
  readonly columns: readonly (readonly [name: string, of: (source: Source) => LogValue])[];
}

/** Events of one type, a line each. */
export interface EventKind extends Kind<LoggedEvent> {
  readonly source: 'events';
  readonly type: string;
}

/** Attempts that a receiver did not accept. */
export interface AttemptKind extends Kind<Attempt> {
  readonly source: 'attempts';
}

export type LogfileKind = EventKind | AttemptKind;

/** An event as it stands on the topic; whatever is not as it should be is not known. */
export class LoggedEvent {
  readonly #data: Record<string, unknown>;

  constructor(readonly attributes: Readonly<Record<string, unknown>>) {
    this.#data = isJsonObject(attributes.data) ? attributes.data : {};
  }

  attribute(name: string): LogValue {
    return valueOf(this.attributes[name]);
  }

  data(name: string): LogValue {
    return valueOf(this.#data[name]);
  }

  /** As JSON. */
  json(name?: string): string {
    return JSON.stringify(name === undefined ? this.#data : (this.#data[name] ?? {}));
  }

  /** Of the event itself, UTC. */
  get time(): string {
    return timeOf(Date.parse(String(this.attributes.time)));
  }

  get tags(): string {
    const { tags } = this.#data;
    return Array.isArray(tags) ? tags.map(String).join(';') : '';
  }

  /** Of the recipient's browser, a line each. */
  get header(): string {
    const lines = [
      ['User-Agent', this.data('useragent')],
      ['Referer', this.data('referer')],
    ] as const;
    return lines.flatMap(([name, value]) => (value === '' ? [] : [`${name}: ${value}`])).join('\n');
  }

  get mime(): string {
    const base64 = this.data('mime_base64');
    return base64 === '' ? String(this.data('mime')) : Buffer.from(String(base64), 'base64').toString('utf8');
  }
}

function valueOf(value: unknown): LogValue {
  if (typeof value === 'string' || typeof value === 'number') return value;
  return value === undefined || value === null ? '' : JSON.stringify(value);
}

/** `YYYY-MM-DD HH:MM:SS`, UTC. */
function timeOf(at: number): string {
  return Number.isNaN(at) ? '' : new Date(at).toISOString().slice(0, 19).replace('T', ' ');
}

type Column = EventKind['columns'][number];

const data = (column: string, name = column): Column => [column, (event) => event.data(name)];
const attribute = (column: string, name = column): Column => [column, (event) => event.attribute(name)];
/** What the sender of the event has not told us: the platform that mails knows it. */
const unknown = (...columns: string[]): Column[] => columns.map((column) => [column, () => '']);

const ID = data('id', 'message');
const TIME: Column = ['time', (event) => event.time];
const TAGS: Column = ['tags', (event) => event.tags];
const EMAIL = data('email', 'recipient');
const PLACE = unknown('countrycode', 'countryname', 'regioncode', 'city');
const SMTPETER_PLACE = unknown('city', 'countryname', 'countrycode', 'regioncode');
const OWNER = [attribute('profile'), attribute('subprofile'), ...unknown('template')];
const TAIL = [...unknown('senderdomain'), ...OWNER];
const header = (column: string): Column => [column, (event) => event.header];
const mime = (column: string): Column => [column, (event) => event.mime];

function events(prefix: string, type: string, columns: readonly Column[]): EventKind {
  return { source: 'events', prefix, type, columns };
}

/** Marketing Suite's logfiles (spec section 11), and of profile events, which have none there, our own. */
export const MARKETING_SUITE: readonly LogfileKind[] = [
  events('cdm-abuse', 'abuse', [ID, TIME, mime('mail'), EMAIL, TAGS, ...TAIL]),
  events('cdm-bounce', 'bounce', [ID, TIME, data('envelope'), mime('mail'), EMAIL, TAGS, ...TAIL]),
  events('cdm-click', 'click', [
    ID,
    ...unknown('senderdomain'),
    TIME,
    data('linkinfo', 'original'),
    data('ip'),
    header('header'),
    EMAIL,
    TAGS,
    ...PLACE,
    ...OWNER,
  ]),
  events('cdm-delivery', 'delivery', [ID, TIME, ...unknown('attempts'), EMAIL, TAGS, ...TAIL]),
  events('cdm-error', 'failure', [
    ID,
    TIME,
    data('type', 'action'),
    data('status', 'extended'),
    data('description'),
    data('code'),
    EMAIL,
    TAGS,
    ...TAIL,
  ]),
  events('cdm-impression', 'open', [ID, TIME, data('ip'), header('header'), EMAIL, TAGS, ...PLACE, ...TAIL]),
  events('cdm-unsubscribe', 'unsubscribe', [ID, TIME, EMAIL, TAGS, ...TAIL]),
  {
    source: 'attempts',
    prefix: 'feedback-loop-errors',
    columns: [
      ['time', ({ at }) => timeOf(Date.parse(at))],
      ['response', ({ status }) => status ?? 0],
      ['recipient', ({ remoteAddress }) => remoteAddress ?? ''],
      ['header', ({ responseHeaders }) => headerLines(responseHeaders ?? {})],
      ['webhook', ({ webhook }) => webhook],
      ['handler', ({ handler }) => handler ?? ''],
      ['trigger', ({ trigger }) => trigger],
      ['event', ({ event }) => event],
      ['attempt', ({ attempt }) => attempt],
      ['error', ({ error }) => error ?? ''],
    ],
  },
  ...(['create', 'update', 'delete'] as const).map((type) =>
    events(`profile-${type}`, type, [
      attribute('id'),
      TIME,
      attribute('caller'),
      attribute('database'),
      attribute('collection'),
      attribute('profile'),
      attribute('subprofile'),
      ['fields', (event) => event.json('fields')],
      ['parameters', (event) => event.json('parameters')],
    ]),
  ),
];

/** SMTPeter's logfiles (spec section 11). */
export const SMTPETER: readonly LogfileKind[] = [
  events('abuses', 'abuse', [
    ID,
    TIME,
    data('envelope', 'emailfrom'),
    data('recipient'),
    TAGS,
    ...unknown('templateid'),
  ]),
  events('bounces', 'bounce', [
    ID,
    TIME,
    data('envelope'),
    data('recipient'),
    mime('mime'),
    TAGS,
    ...unknown('templateid'),
  ]),
  events('clicks', 'click', [
    ID,
    TIME,
    header('headers'),
    data('ip'),
    ...unknown('url'),
    data('destination', 'original'),
    TAGS,
    data('recipient'),
    ...SMTPETER_PLACE,
    ...unknown('templateid'),
  ]),
  events('deliveries', 'delivery', [
    ID,
    TIME,
    ...unknown('envelope'),
    data('recipient'),
    ...unknown('from', 'to', 'attempt'),
    TAGS,
    ...unknown('templateid'),
  ]),
  events('failures', 'failure', [
    ID,
    TIME,
    ...unknown('envelope'),
    data('recipient'),
    ...unknown('attempt', 'from', 'to'),
    data('type', 'action'),
    data('code'),
    data('status', 'extended'),
    data('description'),
    data('state'),
    TAGS,
    ...unknown('templateid'),
  ]),
  events('opens', 'open', [
    ID,
    TIME,
    header('headers'),
    data('ip'),
    ...unknown('protocol'),
    TAGS,
    data('recipient'),
    ...SMTPETER_PLACE,
    ...unknown('templateid'),
  ]),
];

export const FAMILIES = { 'marketing-suite': MARKETING_SUITE, smtpeter: SMTPETER } as const;
export type Family = keyof typeof FAMILIES;

/** The kind of logfile that a prefix names: one of Copernica's, or the events of a type of one's own. */
export function kindOf(prefix: string): LogfileKind | undefined {
  const known = [...MARKETING_SUITE, ...SMTPETER].find((kind) => kind.prefix === prefix);
  if (known !== undefined || !prefix.includes('.')) return known;
  return events(prefix, prefix, [attribute('id'), TIME, attribute('subject'), ['data', (event) => event.json()]]);
}

function headerLines(headers: Readonly<Record<string, string>>): string {
  return Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}`)
    .join('\n');
}
