import { configKey, DEFAULT_OVERLAP_SECONDS, DEFAULT_SIGNATURE, isCopernicaTrigger } from '@postduif/contracts';
import type {
  CreateWebhook,
  Format,
  SignatureVersion,
  UpdateWebhook,
  WebhookSnapshot,
  WebhookView,
} from '@postduif/contracts';
import { HandlerUrlError, parseHandlerUrl } from '@postduif/outbound';
import { createVerificationFile, directoryOf } from '../validation/verification-file.js';
import type { VerificationFile } from '../validation/verification-file.js';
import { checkedSchedule, invalidProperty } from './pace.js';
import type { Pace } from './pace.js';
import { NO_SECRETS, rotated } from './secrets.js';
import type { Secrets } from './secrets.js';

const DEFAULT_SHARDS = 1;

/** What the owner of a webhook decides. Null is no limit. */
export interface WebhookProperties extends Pace {
  readonly handler: string;
  readonly trigger: string;
  readonly callers: WebhookSnapshot['callers'] | null;
  readonly database: number | null;
  readonly collection: number | null;
  readonly fields: readonly string[] | null;
  readonly format: Format;
  /** Of Standard Webhooks; the default with `form`, where it means nothing. */
  readonly signature: SignatureVersion;
  /** Record keys that its deliveries are spread over. */
  readonly shards: number;
  readonly state: 'enabled' | 'disabled';
}

/** Secrets are for any format but `form`. */
export interface Webhook extends WebhookProperties, Secrets {
  readonly id: string;
  readonly account: string;
  readonly version: number;
  /** Events may leave: the file was confirmed, the receiver has agreed, the domain is validated, or the host is trusted. */
  readonly validated: boolean;
  /** When the file was confirmed; null when it was not, for this place. */
  readonly validatedAt: Date | null;
  readonly verification: VerificationFile;
  /** What we call ourselves in its requests; only for `cloudevents`. */
  readonly origin: string | null;
  /** Only for `cloudevents`, and for exactly this handler. */
  readonly consent: Consent | null;
}

/** A receiver of CloudEvents has agreed to be sent to. */
export interface Consent {
  readonly at: Date;
  /** Requests a minute; null: any number. */
  readonly rate: number | null;
}

/** What the rules need from outside. */
export interface WebhookSurroundings {
  /** Whether a handler needs no verification file. */
  trusts(handler: string): boolean;
  /** Makes a secret or a private key, sealed for a webhook. */
  readonly newSecret: (id: string, signature: SignatureVersion) => string;
  readonly now: Date;
  /** What we call ourselves to receivers of CloudEvents. */
  readonly origin: string;
  /** What the account's webhooks get that say nothing of it themselves. */
  readonly pace: Pace;
}

/** Throws `invalid_request` when the properties do not go together. */
export function newWebhook(id: string, account: string, given: CreateWebhook, around: WebhookSurroundings): Webhook {
  const format = given.format ?? (isCopernicaTrigger(given.trigger) ? 'form' : 'json');
  const properties = checked({
    handler: given.handler,
    trigger: given.trigger,
    callers: given.callers ?? null,
    database: given.database ?? null,
    collection: given.collection ?? null,
    fields: given.fields ?? null,
    format,
    signature: signatureOf(format, given.signature, DEFAULT_SIGNATURE),
    schedule: given.schedule ?? around.pace.schedule,
    concurrency: given.concurrency ?? around.pace.concurrency,
    rate: given.rate === undefined ? around.pace.rate : given.rate,
    shards: given.shards ?? DEFAULT_SHARDS,
    state: given.state ?? 'enabled',
  });
  checkFields(properties);
  return {
    ...properties,
    id,
    account,
    version: 1,
    validated: around.trusts(properties.handler),
    validatedAt: null,
    verification: createVerificationFile(),
    origin: properties.format === 'cloudevents' ? around.origin : null,
    consent: null,
    ...secretsOf(properties, { id, signature: properties.signature, ...NO_SECRETS }, around),
  };
}

/**
 * The next version. What is absent stays; null takes a limit away. Another scheme, host, port or directory of the handler needs
 * a verification file of its own (spec section 7.1). Throws `invalid_request` when the properties do not go together.
 */
export function changedWebhook(webhook: Webhook, given: UpdateWebhook, around: WebhookSurroundings): Webhook {
  const format = given.format ?? webhook.format;
  const properties = checked({
    handler: given.handler ?? webhook.handler,
    trigger: given.trigger ?? webhook.trigger,
    callers: given.callers === undefined ? webhook.callers : given.callers,
    database: given.database === undefined ? webhook.database : given.database,
    collection: given.collection === undefined ? webhook.collection : given.collection,
    fields: given.fields === undefined ? webhook.fields : given.fields,
    format,
    signature: signatureOf(format, given.signature, webhook.signature),
    schedule: given.schedule === undefined ? webhook.schedule : (given.schedule ?? around.pace.schedule),
    concurrency: given.concurrency === undefined ? webhook.concurrency : (given.concurrency ?? around.pace.concurrency),
    rate: given.rate === undefined ? webhook.rate : given.rate,
    shards: given.shards === undefined ? webhook.shards : (given.shards ?? DEFAULT_SHARDS),
    state: given.state ?? webhook.state,
  });
  // What is stored may be from before there was this rule.
  if ([given.fields, given.database, given.collection].some((limit) => limit !== undefined)) checkFields(properties);
  const moved = directoryOf(properties.handler) !== directoryOf(webhook.handler);
  const validatedAt = moved ? null : webhook.validatedAt;
  const consent = format === 'cloudevents' && properties.handler === webhook.handler ? webhook.consent : null;
  return {
    ...webhook,
    ...properties,
    version: webhook.version + 1,
    validated: isValidated({ validatedAt, consent }, around.trusts(properties.handler)),
    validatedAt,
    // A receiver that has agreed knows us by the name that it was asked with.
    origin: format !== 'cloudevents' ? null : consent === null ? around.origin : webhook.origin,
    consent,
    verification: moved ? createVerificationFile() : webhook.verification,
    ...secretsOf(properties, webhook, around),
  };
}

/** @param trusted whether its handler needs no proof of its own */
export function isValidated(
  { validatedAt, consent }: Pick<Webhook, 'validatedAt' | 'consent'>,
  trusted: boolean,
): boolean {
  return validatedAt !== null || consent !== null || trusted;
}

/** Another signature comes with a secret or key of its own, and the old one signs beside it for the usual overlap. */
function secretsOf(
  { format, signature }: Pick<WebhookProperties, 'format' | 'signature'>,
  before: Secrets & Pick<Webhook, 'id' | 'signature'>,
  { newSecret, now }: WebhookSurroundings,
): Secrets {
  if (format === 'form') return NO_SECRETS;
  const { id, secrets, secretEnds } = before;
  if (secrets.length > 0 && signature === before.signature) return { secrets, secretEnds };
  return rotated(before, newSecret(id, signature), { now, overlapSeconds: DEFAULT_OVERLAP_SECONDS });
}

function signatureOf(
  format: Format,
  given: SignatureVersion | null | undefined,
  before: SignatureVersion,
): SignatureVersion {
  if (format !== 'form') return given === undefined ? before : (given ?? DEFAULT_SIGNATURE);
  if (given !== undefined && given !== null)
    throw invalidProperty('signature', 'a form is signed as Copernica does; leave this out, or choose another format');
  return DEFAULT_SIGNATURE;
}

function checked(properties: WebhookProperties): WebhookProperties {
  checkHandler(properties.handler);
  return {
    ...properties,
    callers: atLeastOne(properties.callers),
    fields: atLeastOne(properties.fields),
    schedule: checkedSchedule(properties.schedule),
  };
}

/** Names of fields mean something only within a database or collection (spec section 9). */
function checkFields({ fields, database, collection }: WebhookProperties): void {
  if (fields !== null && database === null && collection === null)
    throw invalidProperty(
      'fields',
      'may be given only with `database` or `collection`: give one of these, or leave `fields` empty',
    );
}

/** An empty list of a form or a client's default means no limit. */
function atLeastOne<T extends readonly unknown[]>(list: T | null | undefined): T | null {
  return list === null || list === undefined || list.length === 0 ? null : list;
}

function checkHandler(handler: string): void {
  try {
    parseHandlerUrl(handler);
  } catch (error) {
    if (error instanceof HandlerUrlError) throw invalidProperty('handler', error.message);
    throw error;
  }
}

/** Key on the topic `config`, and the context that seals the secrets. */
export function webhookKey(id: string): string {
  return configKey('webhook', id);
}

export function toSnapshot(webhook: Webhook): WebhookSnapshot {
  const { callers, database, collection, fields, rate, shards, signature, secretEnds, origin, consent } = webhook;
  return {
    kind: 'webhook',
    version: webhook.version,
    id: webhook.id,
    account: webhook.account,
    handler: webhook.handler,
    trigger: webhook.trigger,
    ...(callers ? { callers } : {}),
    ...(database === null ? {} : { database }),
    ...(collection === null ? {} : { collection }),
    ...(fields === null ? {} : { fields: [...fields] }),
    format: webhook.format,
    schedule: [...webhook.schedule],
    concurrency: webhook.concurrency,
    ...(rate === null ? {} : { rate }),
    ...(consent?.rate ? { allowedRate: consent.rate } : {}),
    ...(origin === null ? {} : { origin }),
    ...(shards === DEFAULT_SHARDS ? {} : { shards }),
    state: webhook.state,
    validated: webhook.validated,
    ...(signature === DEFAULT_SIGNATURE ? {} : { signature }),
    secrets: [...webhook.secrets],
    ...(secretEnds.length === 0 ? {} : { secretEnds: secretEnds.map((end) => end.toISOString()) }),
  };
}

export function toView(webhook: Webhook): WebhookView {
  return {
    ID: webhook.id,
    handler: webhook.handler,
    trigger: webhook.trigger,
    callers: webhook.callers ?? [],
    database: webhook.database === null ? null : String(webhook.database),
    collection: webhook.collection === null ? null : String(webhook.collection),
    fields: webhook.fields,
    format: webhook.format,
    signature: webhook.format === 'form' ? null : webhook.signature,
    schedule: webhook.schedule,
    concurrency: webhook.concurrency,
    rate: webhook.rate,
    shards: webhook.shards,
    state: webhook.state,
    validated: webhook.validated,
  };
}
