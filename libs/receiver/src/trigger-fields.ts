/** TypeScript type of each kind of field. With `?`: undefined when the sender does not know it, or there is none. */
export interface Kinds<Value> {
  text: string;
  'text?': string | undefined;
  /** A whole number. */
  number: number;
  'number?': number | undefined;
  action: 'failure' | 'failed';
  /** Empty when there is none. */
  list: readonly string[];
  /** Empty when there is none. */
  map: Readonly<Record<string, Value>>;
  /** Need not be UTF-8. */
  bytes: Buffer;
}
export type Kind = keyof Kinds<unknown>;

const ids = {
  profile: 'number?',
  subprofile: 'number?',
  database: 'number?',
  collection: 'number?',
  mailing: 'number?',
} as const;

const message = {
  /** Id of the message. */
  id: 'text',
  ...ids,
  recipient: 'text',
  tags: 'list',
} as const;

const answer = {
  /** SMTP reply code, such as 550. */
  code: 'number?',
  /** Enhanced status code, such as 5.1.1. */
  extended: 'text?',
  description: 'text?',
} as const;

const visit = { ip: 'text', useragent: 'text?', referer: 'text?' } as const;

const entity = {
  /** Id of the subprofile, or else of the profile. */
  id: 'number',
  ...ids,
  profile: 'number',
  database: 'number',
} as const;

const change = {
  ...entity,
  modified: 'text',
  /** What the action was performed with. */
  parameters: 'map',
  /** All fields after the action. */
  fields: 'map',
  /** Names of the active interests; a subprofile has none. */
  interests: 'list',
  /** Groups of interests, by the name of the interest. */
  interestgroups: 'map',
} as const;

/** The fields of Copernica's ten triggers beside type and time, by their names (spec section 4). */
export const TRIGGER_FIELDS = {
  create: { ...change, created: 'text' },
  update: { ...change, created: 'text?' },
  delete: {
    ...entity,
    /** The fields at the moment of deletion. */
    fields: 'map',
  },
  click: {
    ...message,
    ...visit,
    /** The link as it was before it was rewritten. */
    original: 'text',
  },
  open: { ...message, ...visit },
  delivery: { ...message, ...answer },
  failure: {
    ...message,
    /** `failed` when a message said so later, `failure` when the SMTP server did. */
    action: 'action',
    /** Where in SMTP it failed; `bounce` when later. */
    state: 'text',
    ...answer,
  },
  bounce: {
    ...message,
    /** The envelope address of the original message. */
    envelope: 'text',
    /** The whole message that came back. */
    mime: 'bytes',
  },
  abuse: {
    ...message,
    recipient: 'text?',
    /** Where the report came from. */
    emailfrom: 'text',
    /** The whole report. */
    mime: 'bytes',
  },
  unsubscribe: {
    ...ids,
    /** Id of the unsubscribe; the message is `message`. */
    id: 'text',
    profile: 'number',
    database: 'number',
    mailing: 'number',
    message: 'text?',
    recipient: 'text?',
    source: 'text?',
    tags: 'list',
  },
} as const satisfies Record<string, Readonly<Record<string, Kind>>>;

/** What a form of a type of one's own has beside its data. */
export const CUSTOM_FORM_FIELDS = {
  /** Id of the event. */
  id: 'text',
  ...ids,
} as const satisfies Readonly<Record<string, Kind>>;

/** One of Copernica's ten triggers. */
export type Trigger = keyof typeof TRIGGER_FIELDS;

export function isTrigger(type: string): type is Trigger {
  return Object.hasOwn(TRIGGER_FIELDS, type);
}

/** A value of a map in JSON. */
export type JsonScalar = string | number | boolean;

/** The fields of one trigger; `Value` is what maps hold. */
export type FieldsOf<T extends Trigger, Value> = Fields<(typeof TRIGGER_FIELDS)[T], Value>;

/** Types of fields by their kinds. */
export type Fields<Table extends Readonly<Record<string, Kind>>, Value> = {
  readonly [Name in keyof Table]: Kinds<Value>[Table[Name]];
};
