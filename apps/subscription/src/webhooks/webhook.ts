import { ApiError, configKey, isCopernicaTrigger } from '@postduif/contracts';
import type { CreateWebhook, Format, UpdateWebhook, WebhookSnapshot, WebhookView } from '@postduif/contracts';
import { HandlerUrlError, parseHandlerUrl } from '@postduif/outbound';
import { DEFAULT_RETRY_SCHEDULE, parseRetrySchedule, RetryScheduleError } from '@postduif/retry-schedule';
import { createVerificationFile, directoryOf } from '../validation/verification-file.js';
import type { VerificationFile } from '../validation/verification-file.js';

const DEFAULT_CONCURRENCY = 10;
const DEFAULT_SHARDS = 1;

/** What the owner of a webhook decides. Null is no limit. */
export interface WebhookProperties {
  readonly handler: string;
  readonly trigger: string;
  readonly callers: WebhookSnapshot['callers'] | null;
  readonly database: number | null;
  readonly collection: number | null;
  readonly fields: readonly string[] | null;
  readonly format: Format;
  readonly schedule: readonly number[];
  readonly concurrency: number;
  readonly rate: number | null;
  /** Record keys that its deliveries are spread over. */
  readonly shards: number;
  readonly state: 'enabled' | 'disabled';
}

export interface Webhook extends WebhookProperties {
  readonly id: string;
  readonly account: string;
  readonly version: number;
  /** Events may leave: the file was confirmed, the domain is validated, or the host is trusted. */
  readonly validated: boolean;
  /** When the file was confirmed; null when it was not, for this place. */
  readonly validatedAt: Date | null;
  readonly verification: VerificationFile;
  /** Sealed, the newest first; only for `json`. */
  readonly secrets: readonly string[];
}

/** What the rules need from outside. */
export interface WebhookSurroundings {
  /** Whether a handler needs no verification file. */
  trusts(handler: string): boolean;
  /** Makes a secret, sealed for a webhook. */
  newSecret(id: string): string;
}

/** Throws `invalid_request` when the properties do not go together. */
export function newWebhook(id: string, account: string, given: CreateWebhook, around: WebhookSurroundings): Webhook {
  const properties = checked({
    handler: given.handler,
    trigger: given.trigger,
    callers: given.callers ?? null,
    database: given.database ?? null,
    collection: given.collection ?? null,
    fields: given.fields ?? null,
    format: given.format ?? (isCopernicaTrigger(given.trigger) ? 'form' : 'json'),
    schedule: given.schedule ?? DEFAULT_RETRY_SCHEDULE,
    concurrency: given.concurrency ?? DEFAULT_CONCURRENCY,
    rate: given.rate ?? null,
    shards: given.shards ?? DEFAULT_SHARDS,
    state: given.state ?? 'enabled',
  });
  return {
    ...properties,
    id,
    account,
    version: 1,
    validated: around.trusts(properties.handler),
    validatedAt: null,
    verification: createVerificationFile(),
    secrets: properties.format === 'json' ? [around.newSecret(id)] : [],
  };
}

/**
 * The next version. What is absent stays; null takes a limit away. Another scheme, host, port or directory of the handler needs
 * a verification file of its own (spec section 7.1). Throws `invalid_request` when the properties do not go together.
 */
export function changedWebhook(webhook: Webhook, given: UpdateWebhook, around: WebhookSurroundings): Webhook {
  const properties = checked({
    handler: given.handler ?? webhook.handler,
    trigger: given.trigger ?? webhook.trigger,
    callers: given.callers === undefined ? webhook.callers : given.callers,
    database: given.database === undefined ? webhook.database : given.database,
    collection: given.collection === undefined ? webhook.collection : given.collection,
    fields: given.fields === undefined ? webhook.fields : given.fields,
    format: given.format ?? webhook.format,
    schedule: given.schedule === undefined ? webhook.schedule : (given.schedule ?? DEFAULT_RETRY_SCHEDULE),
    concurrency: given.concurrency ?? webhook.concurrency,
    rate: given.rate === undefined ? webhook.rate : given.rate,
    shards: given.shards === undefined ? webhook.shards : (given.shards ?? DEFAULT_SHARDS),
    state: given.state ?? webhook.state,
  });
  const moved = directoryOf(properties.handler) !== directoryOf(webhook.handler);
  const validatedAt = moved ? null : webhook.validatedAt;
  return {
    ...webhook,
    ...properties,
    version: webhook.version + 1,
    validated: validatedAt !== null || around.trusts(properties.handler),
    validatedAt,
    verification: moved ? createVerificationFile() : webhook.verification,
    secrets: secretsOf(properties.format, webhook, around),
  };
}

function secretsOf(format: Format, { id, secrets }: Webhook, around: WebhookSurroundings): readonly string[] {
  if (format !== 'json') return [];
  return secrets.length > 0 ? secrets : [around.newSecret(id)];
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

function checkedSchedule(schedule: readonly number[]): readonly number[] {
  try {
    return parseRetrySchedule(schedule);
  } catch (error) {
    if (error instanceof RetryScheduleError) throw invalidProperty('schedule', error.message);
    throw error;
  }
}

function invalidProperty(path: string, message: string): ApiError {
  return new ApiError('invalid_request', `Invalid data provided: ${path}: ${message}`, { errors: [{ path, message }] });
}

/** Key on the topic `config`, and the context that seals the secrets. */
export function webhookKey(id: string): string {
  return configKey('webhook', id);
}

export function toSnapshot(webhook: Webhook): WebhookSnapshot {
  const { callers, database, collection, fields, rate, shards } = webhook;
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
    ...(shards === DEFAULT_SHARDS ? {} : { shards }),
    state: webhook.state,
    validated: webhook.validated,
    secrets: [...webhook.secrets],
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
    schedule: webhook.schedule,
    concurrency: webhook.concurrency,
    rate: webhook.rate,
    shards: webhook.shards,
    state: webhook.state,
    validated: webhook.validated,
  };
}
