import { createWebhook, DEFAULT_SIGNATURE, updateWebhook } from '@postduif/contracts';
import type {
  Caller,
  CreateWebhook,
  Format,
  SignatureVersion,
  UpdateWebhook,
  WebhookSnapshot,
} from '@postduif/contracts';
import type { z } from 'zod';
import { badRequest, parseMessage } from './parse-message.js';

/** `postduif.config.v1.Webhook`. */
export interface WebhookMessage {
  readonly id: string;
  readonly account: string;
  readonly version: number;
  readonly handler: string;
  readonly trigger: string;
  readonly callers: readonly `CALLER_${Uppercase<Caller>}`[];
  readonly database?: number;
  readonly collection?: number;
  readonly fields: readonly string[];
  readonly format: `FORMAT_${Uppercase<Format>}`;
  readonly schedule: { readonly seconds: readonly number[] } | null;
  readonly concurrency?: number;
  readonly rate?: number;
  readonly shards?: number;
  readonly state: `STATE_${Uppercase<WebhookSnapshot['state']>}`;
  readonly validated: boolean;
  /** Unspecified with `form`. */
  readonly signature: `SIGNATURE_${Uppercase<SignatureVersion | 'unspecified'>}`;
}

/** A webhook in a request: enums may be unknown to us. */
export type GivenWebhook = Omit<WebhookMessage, 'callers' | 'format' | 'state' | 'signature'> & {
  readonly callers: readonly (string | number)[];
  readonly format: string | number;
  readonly state: string | number;
  readonly signature: string | number;
};

export function toMessage(webhook: WebhookSnapshot): WebhookMessage {
  const { id, account, version, handler, trigger, database, collection, concurrency, rate, validated } = webhook;
  const { shards = 1, signature = DEFAULT_SIGNATURE } = webhook;
  return {
    ...{ id, account, version, handler, trigger, concurrency, validated },
    callers: (webhook.callers ?? []).map((caller) => enumName('CALLER', caller)),
    ...(database === undefined ? {} : { database }),
    ...(collection === undefined ? {} : { collection }),
    fields: webhook.fields ?? [],
    format: enumName('FORMAT', webhook.format),
    schedule: { seconds: webhook.schedule },
    ...(rate === undefined ? {} : { rate }),
    shards,
    state: enumName('STATE', webhook.state),
    signature: enumName('SIGNATURE', webhook.format === 'form' ? 'unspecified' : signature),
  };
}

/** What the owner of a webhook decides, as our contracts name it; undefined when it has no value. */
const PROPERTIES = {
  handler: ({ handler }) => some(handler),
  trigger: ({ trigger }) => some(trigger),
  callers: ({ callers }) => some(callers.map((caller) => enumValue('CALLER', caller))),
  database: ({ database }) => database,
  collection: ({ collection }) => collection,
  fields: ({ fields }) => some(fields),
  format: ({ format }) => enumValue('FORMAT', format),
  schedule: ({ schedule }) => schedule?.seconds,
  concurrency: ({ concurrency }) => concurrency,
  rate: ({ rate }) => rate,
  shards: ({ shards }) => shards,
  state: ({ state }) => enumValue('STATE', state),
  signature: ({ signature }) => enumValue('SIGNATURE', signature),
} as const satisfies Record<keyof CreateWebhook, (webhook: GivenWebhook) => unknown>;

type Property = keyof typeof PROPERTIES;
const NAMES = Object.keys(PROPERTIES) as Property[];
const ALL = '*';

/** Throws `invalid_request`. */
export function toCreate(webhook: GivenWebhook | null): CreateWebhook {
  return parse(createWebhook, valuesOf(required(webhook), NAMES));
}

/** The properties that a field mask names: the others stay, and one without a value gets its default. Throws `invalid_request`. */
export function toUpdate(webhook: GivenWebhook | null, paths: readonly string[]): UpdateWebhook {
  const given = required(webhook);
  if (paths.length === 0) return parse(updateWebhook, valuesOf(given, NAMES));
  const named = paths.includes(ALL) ? NAMES : paths.map(propertyOf);
  const nothing = Object.fromEntries(named.map((name) => [name, null]));
  return parse(updateWebhook, { ...nothing, ...valuesOf(given, named) });
}

export function required(webhook: GivenWebhook | null): GivenWebhook {
  if (webhook === null) throw badRequest([{ path: 'webhook', message: 'is required' }]);
  return webhook;
}

function propertyOf(path: string): Property {
  const name = NAMES.find((known) => known === path);
  if (name !== undefined) return name;
  const message = `may hold ${NAMES.join(', ')} and ${ALL}`;
  throw badRequest([{ path: 'update_mask', message }]);
}

function valuesOf(webhook: GivenWebhook, names: readonly Property[]): Record<string, unknown> {
  const values = names.map((name) => [name, PROPERTIES[name](webhook)] as const);
  return Object.fromEntries(values.filter(([, value]) => value !== undefined));
}

function parse<S extends z.ZodType>(schema: S, given: object): z.output<S> {
  return parseMessage(schema, given, 'webhook');
}

function some<T extends { readonly length: number }>(value: T): T | undefined {
  return value.length === 0 ? undefined : value;
}

function enumName<P extends string, N extends string>(prefix: P, value: N): `${P}_${Uppercase<N>}` {
  return `${prefix}_${value.toUpperCase() as Uppercase<N>}`;
}

/** Undefined when it is unspecified; the contracts refuse what they do not know. */
function enumValue(prefix: string, name: string | number): string | undefined {
  const value = String(name).replace(`${prefix}_`, '').toLowerCase();
  return value === 'unspecified' ? undefined : value;
}
