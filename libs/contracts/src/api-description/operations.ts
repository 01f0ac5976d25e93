import { z } from 'zod';
import {
  accountView,
  authenticateBody,
  createAccount,
  createdAccount,
  identityView,
  updateAccount,
} from '../account-api.js';
import { attemptSchema } from '../attempt.js';
import { auditEntry, auditQuery } from '../audit-api.js';
import type { Scope } from '../config.js';
import { createDomain, domainName, domainView } from '../domain-api.js';
import { problemView } from '../errors.js';
import { eventId, newCloudEventDocument, newEventDocument } from '../event.js';
import { eventTypeName, eventTypeView, putEventType } from '../event-type-api.js';
import { numericId } from '../fields.js';
import {
  attemptsQuery,
  logfileQuery,
  logfilesQuery,
  cursorPageView,
  eventQuery,
  eventsQuery,
  eventSummary,
  eventWithDeliveries,
} from '../history-api.js';
import { batchAccepted, batchProblem, eventAccepted } from '../ingest-api.js';
import {
  changeInterest,
  createField,
  createInterest,
  createTitled,
  fieldView,
  interestView,
  registerTitled,
  renameField,
  renameTitled,
  titledView,
} from '../registry-api.js';
import { createSigningKey, signingKeyView } from '../signing-key-api.js';
import { rotateSecret, secretView } from '../secret-api.js';
import { checkCall, checkReport, sampleQuery, sampleView, testCall, testReport } from '../test-api.js';
import { createdToken, createToken, tokenView } from '../token-api.js';
import { adviceQuery, adviceView } from '../volume-api.js';
import {
  boundWebhookPage,
  createWebhook,
  listQuery,
  pageQuery,
  pageView,
  updateWebhook,
  validationReport,
  validationView,
  webhookId,
  webhookView,
} from '../webhook-api.js';

export type Method = 'get' | 'post' | 'put' | 'delete';
export type AnswerHeader = 'ETag' | 'Location' | 'X-Location' | 'X-Created' | 'X-Deleted' | 'Idempotency-Replayed';

export interface AnswerDescription {
  readonly is: string;
  /** By media type; none: the answer has no body. */
  readonly holds?: Readonly<Record<string, z.ZodType>>;
  readonly headers?: readonly AnswerHeader[];
}

/** One call of the API, as the document shows it. */
export interface Operation {
  readonly method: Method;
  /** `{name}` is a parameter. Of Copernica's addresses the newest; those of older versions follow from it. */
  readonly path: string;
  /** SMTPeter's addresses for the same. */
  readonly also?: readonly string[];
  readonly about: string;
  readonly does: string;
  /** What its token must be allowed to do. `token`: any valid one will do. `anyone`: none is needed. */
  readonly access: Scope | 'token' | 'anyone';
  /** What stands in the path; text where nothing is said. */
  readonly params?: Readonly<Record<string, z.ZodType>>;
  readonly query?: { readonly shape: Readonly<Record<string, z.ZodType>> };
  /** By media type. */
  readonly body?: Readonly<Record<string, z.ZodType>>;
  readonly answers: Readonly<Record<number, AnswerDescription>>;
  /** It looks at `If-Match`, and a PUT at `If-None-Match`. */
  readonly conditional?: true;
  /** It looks at `Idempotency-Key`. */
  readonly oncePerKey?: true;
  /** HTTP statuses of problems beside the usual ones. */
  readonly problems?: readonly number[];
  /** What its problems hold, when it is more than usual. */
  readonly problem?: z.ZodType;
}

const JSON_TYPE = 'application/json';
const FORM_TYPE = 'application/x-www-form-urlencoded';

const json = (schema: z.ZodType) => ({ [JSON_TYPE]: schema });
/** As Copernica's clients send it. */
const jsonOrForm = (schema: z.ZodType) => ({ [JSON_TYPE]: schema, [FORM_TYPE]: schema });
const ok = (is: string, schema: z.ZodType, headers: readonly AnswerHeader[] = []) => ({
  200: { is, holds: json(schema), headers },
});
const tagged = (is: string, schema: z.ZodType): Operation['answers'] => ({
  ...ok(is, schema, ['ETag']),
  304: { is: 'It is still what `If-None-Match` names.', headers: ['ETag'] },
});
const done = { 204: { is: 'Done.' } };
const created = { 201: { is: 'Made.', headers: ['Location', 'X-Location', 'X-Created'] } } as const;

type Described = Pick<Operation, 'method' | 'path' | 'about' | 'does' | 'access' | 'params'>;

const ids = { id: numericId, database: numericId, collection: numericId };

/** A list of names at a path, of which one is called by its id at another. */
function names(
  { list, one, about, called }: { list: string; one: string; about: string; called: string },
  schemas: { view: z.ZodType; create: z.ZodType; change: z.ZodType },
): Operation[] {
  const [read, write] = [
    { about, access: 'databases:read', params: ids },
    { about, access: 'databases:write', params: ids },
  ] as const;
  return [
    {
      method: 'get',
      path: list,
      does: `Lists ${called}s.`,
      ...read,
      query: pageQuery,
      answers: ok('A page.', pageView(schemas.view)),
    },
    {
      method: 'post',
      path: list,
      does: `Makes a ${called} and gives out its id.`,
      ...write,
      body: jsonOrForm(schemas.create),
      answers: created,
      oncePerKey: true,
    },
    {
      method: 'get',
      path: one,
      does: `Shows a ${called}.`,
      ...read,
      answers: tagged(`The ${called}.`, schemas.view),
    },
    {
      method: 'put',
      path: one,
      does: `Renames a ${called}. What is absent stays.`,
      ...write,
      body: jsonOrForm(schemas.change),
      answers: done,
      conditional: true,
    },
  ];
}

function registering(path: string, called: string): Operation {
  return {
    method: 'put',
    path,
    about: 'Names',
    access: 'databases:write',
    params: ids,
    does: `Gives a name to the id of a ${called} that the producer of the events has given out.`,
    body: jsonOrForm(registerTitled),
    answers: { ...created, 204: { is: 'It was there, and has the new name.' } },
  };
}

const titled = { view: titledView, create: createTitled, change: renameTitled };
const fields = { view: fieldView, create: createField, change: renameField };
const interests = { view: interestView, create: createInterest, change: changeInterest };
const webhooks = (access: Scope) => ({ about: 'Webhooks', access, params: { id: webhookId } }) as const;
const webhook = (method: Method, access: Scope, does: string, part = ''): Described & Pick<Operation, 'also'> => ({
  method,
  path: `/v4/webhook/{id}${part}`,
  also: [`/v1/webhook/{id}${part}`, `/v1/feedbackloop/{id}${part}`],
  ...webhooks(access),
  does,
});

const batchOf = (event: z.ZodType) => z.array(event).min(1);

/** Every call that the front door answers, but those for operators. */
export const OPERATIONS: readonly Operation[] = [
  {
    method: 'post',
    path: '/v1/events',
    about: 'Events',
    access: 'events:write',
    does: 'Takes events: one, a JSON array, NDJSON, or CloudEvents. They are durable when this answers.',
    body: {
      [JSON_TYPE]: z.union([newEventDocument, batchOf(newEventDocument)]),
      'application/cloudevents+json': newCloudEventDocument,
      'application/cloudevents-batch+json': batchOf(newCloudEventDocument),
      'application/x-ndjson': z.string(),
    },
    answers: {
      202: {
        is: 'Accepted: the id of the event, or of each of a batch.',
        holds: json(z.union([eventAccepted, batchAccepted])),
      },
    },
    problem: z.union([problemView, batchProblem]),
  },
  {
    method: 'get',
    path: '/v1/events',
    about: 'History',
    access: 'events:read',
    does: 'Lists events, the newest first.',
    query: eventsQuery,
    answers: ok('A page.', cursorPageView(eventSummary)),
  },
  {
    method: 'get',
    path: '/v1/events/{id}',
    params: { id: eventId },
    about: 'History',
    access: 'events:read',
    does: 'Shows an event, its deliveries, and all their attempts.',
    query: eventQuery,
    answers: ok('The event.', eventWithDeliveries),
  },
  {
    method: 'get',
    path: '/v1/attempts',
    about: 'History',
    access: 'events:read',
    does: 'Lists attempts, the newest first.',
    query: attemptsQuery,
    answers: ok('A page.', cursorPageView(attemptSchema)),
  },
  {
    method: 'get',
    path: '/v4/webhooks',
    also: ['/v1/webhooks', '/v1/feedbackloops'],
    ...webhooks('webhooks:read'),
    does: 'Lists webhooks.',
    query: listQuery,
    answers: ok('A page.', pageView(webhookView)),
  },
  {
    method: 'post',
    path: '/v4/webhooks',
    also: ['/v1/webhook', '/v1/feedbackloop'],
    ...webhooks('webhooks:write'),
    does: 'Makes a webhook. Events are sent once its handler is validated.',
    body: jsonOrForm(createWebhook),
    answers: created,
    oncePerKey: true,
  },
  { ...webhook('get', 'webhooks:read', 'Shows a webhook.'), answers: tagged('The webhook.', webhookView) },
  {
    ...webhook('put', 'webhooks:write', 'Changes a webhook. What is absent stays.'),
    body: jsonOrForm(updateWebhook),
    answers: done,
    conditional: true,
  },
  {
    ...webhook('delete', 'webhooks:write', 'Deletes a webhook. What waits for it is not delivered any more.'),
    answers: { 204: { is: 'Deleted.', headers: ['X-Deleted'] } },
    conditional: true,
  },
  {
    ...webhook('post', 'webhooks:write', 'Enables a webhook whose receiver was gone (410).', '/enable'),
    answers: done,
    conditional: true,
  },
  {
    ...webhook('get', 'webhooks:write', 'Says which verification file to put where.', '/validation'),
    answers: ok('The file.', validationView),
  },
  {
    ...webhook('post', 'webhooks:write', "Looks for the verification file at the handler's server.", '/validate'),
    answers: ok('What was found.', validationReport),
    conditional: true,
  },
  {
    ...webhook(
      'post',
      'webhooks:write',
      'Sends a test to the handler of a webhook: the sample of its trigger, or what is given.',
      '/test',
    ),
    body: jsonOrForm(testCall),
    answers: ok('What became of it.', testReport),
  },
  {
    ...webhook(
      'get',
      'webhooks:read',
      'Shows a sample of the trigger of a webhook, to be edited and sent as a test.',
      '/sample',
    ),
    query: sampleQuery,
    answers: ok('The sample.', sampleView),
  },
  {
    method: 'post',
    path: '/v1/webhooks/check',
    ...webhooks('webhooks:write'),
    does: 'Sends a test to all webhooks.',
    body: json(checkCall),
    answers: ok('What became of each.', checkReport),
  },
  {
    method: 'get',
    path: '/v1/webhooks/advice',
    ...webhooks('webhooks:read'),
    does: 'Says how much a webhook would have had to take, and what to do about it.',
    query: adviceQuery,
    answers: ok('The volume, and advice.', adviceView),
  },
  {
    method: 'get',
    path: '/v1/webhooks/{id}/secret',
    ...webhooks('webhooks:write'),
    does: 'Shows the secret that signs the requests of a `json` webhook.',
    answers: ok('The secret.', secretView),
  },
  {
    method: 'post',
    path: '/v1/webhooks/{id}/secret/rotate',
    ...webhooks('webhooks:write'),
    does: 'Makes a new secret. Those before go on signing beside it for a while.',
    body: json(rotateSecret),
    answers: ok('The new secret.', secretView),
    conditional: true,
    oncePerKey: true,
  },
  ...(['get', 'post'] as const).map((method): Operation => ({
    method,
    path: '/v1/handshake',
    about: 'Webhooks',
    access: 'anyone',
    does: 'Where a receiver of CloudEvents agrees later: the address that the handshake has told it.',
    query: z.object({ key: z.string() }),
    answers: ok('Noted.', z.object({ granted: z.literal(true) })),
    problems: [404],
  })),
  ...(['database', 'collection'] as const).map((kind): Operation => ({
    method: 'get',
    path: `/v4/${kind}/{id}/webhooks`,
    ...webhooks('webhooks:read'),
    params: ids,
    does: `Lists all webhooks that apply to a ${kind}, the nearest first.`,
    query: listQuery,
    answers: ok('A page.', boundWebhookPage),
  })),
  ...names({ list: '/v4/databases', one: '/v4/database/{id}', about: 'Names', called: 'database' }, titled),
  registering('/v4/databases', 'database'),
  ...names(
    { list: '/v4/database/{id}/collections', one: '/v4/collection/{id}', about: 'Names', called: 'collection' },
    titled,
  ),
  registering('/v4/database/{id}/collections', 'collection'),
  ...(['database', 'collection'] as const).flatMap((kind) =>
    names(
      {
        list: `/v4/${kind}/{${kind}}/fields`,
        one: `/v4/${kind}/{${kind}}/field/{id}`,
        about: 'Names',
        called: 'field',
      },
      fields,
    ),
  ),
  ...names(
    { list: '/v4/database/{id}/interests', one: '/v4/interest/{id}', about: 'Names', called: 'interest' },
    interests,
  ),
  {
    method: 'get',
    path: '/v1/domains',
    about: 'Domains',
    access: 'domains:read',
    does: 'Lists the domains of the account.',
    answers: ok('All of them.', z.array(domainView)),
  },
  {
    method: 'post',
    path: '/v1/domains',
    about: 'Domains',
    access: 'domains:write',
    does: 'Adds a domain, and names the record that shows whose it is.',
    body: json(createDomain),
    answers: {
      200: { is: 'The account has it already.', holds: json(domainView), headers: ['Location'] },
      201: { is: 'Added.', holds: json(domainView), headers: ['Location'] },
    },
    oncePerKey: true,
  },
  {
    method: 'get',
    path: '/v1/domains/{domain}',
    params: { domain: domainName },
    about: 'Domains',
    access: 'domains:read',
    does: 'Shows a domain.',
    answers: tagged('The domain.', domainView),
  },
  {
    method: 'post',
    path: '/v1/domains/{domain}/validate',
    params: { domain: domainName },
    about: 'Domains',
    access: 'domains:write',
    does: 'Looks for the record in DNS.',
    answers: ok('The domain, and what was found.', domainView),
  },
  {
    method: 'delete',
    path: '/v1/domains/{domain}',
    params: { domain: domainName },
    about: 'Domains',
    access: 'domains:write',
    does: 'Deletes a domain. What rests on it is out of use at once.',
    answers: done,
    conditional: true,
  },
  {
    method: 'get',
    path: '/v1/signing-keys',
    about: 'Signing keys',
    access: 'keys:read',
    does: 'Lists the keys that sign for the account, and what has to be in DNS for them.',
    answers: ok('The newest first.', z.array(signingKeyView)),
  },
  {
    method: 'post',
    path: '/v1/signing-keys',
    about: 'Signing keys',
    access: 'keys:write',
    does: 'Makes a key for a domain that the account has validated.',
    body: json(createSigningKey),
    answers: {
      200: { is: 'The account has it already.', holds: json(signingKeyView) },
      201: { is: 'Made.', holds: json(signingKeyView) },
    },
    oncePerKey: true,
    problems: [409],
  },
  {
    method: 'get',
    path: '/v1/tokens',
    about: 'Tokens',
    access: 'tokens:read',
    does: 'Lists the API tokens of the account.',
    answers: ok('All of them.', z.array(tokenView)),
  },
  {
    method: 'post',
    path: '/v1/tokens',
    about: 'Tokens',
    access: 'tokens:write',
    does: 'Makes an API token. It is shown this once.',
    body: json(createToken),
    answers: { 201: { is: 'Made.', holds: json(createdToken), headers: ['Location'] } },
    oncePerKey: true,
  },
  {
    method: 'get',
    path: '/v1/tokens/{id}',
    params: { id: z.uuid() },
    about: 'Tokens',
    access: 'tokens:read',
    does: 'Shows what is known of an API token.',
    answers: tagged('The token, without itself.', tokenView),
  },
  {
    method: 'delete',
    path: '/v1/tokens/{id}',
    params: { id: z.uuid() },
    about: 'Tokens',
    access: 'tokens:write',
    does: 'Takes an API token back, and with it its JWTs.',
    answers: done,
    conditional: true,
  },
  {
    method: 'post',
    path: '/authenticate',
    about: 'Tokens',
    access: 'anyone',
    does: 'Gives a JWT for an API token, valid for 24 hours.',
    body: jsonOrForm(authenticateBody),
    answers: { 200: { is: 'The JWT.', holds: { 'text/plain': z.string() } } },
  },
  {
    method: 'get',
    path: '/v4/identity',
    about: 'Account',
    access: 'token',
    does: 'Says whose the token is.',
    answers: ok('The account.', identityView),
  },
  {
    method: 'get',
    path: '/v1/account',
    about: 'Account',
    access: 'account:read',
    does: 'Shows the account.',
    answers: tagged('The account.', accountView),
  },
  {
    method: 'put',
    path: '/v1/account',
    about: 'Account',
    access: 'account:write',
    does: 'Changes the account. What is absent stays.',
    body: json(updateAccount),
    answers: ok('The account.', accountView),
    conditional: true,
  },
  {
    method: 'get',
    path: '/v1/accounts',
    about: 'Accounts',
    access: 'accounts:read',
    does: 'Lists all accounts, for the operator of the installation.',
    query: pageQuery,
    answers: ok('A page.', pageView(accountView)),
  },
  {
    method: 'post',
    path: '/v1/accounts',
    about: 'Accounts',
    access: 'accounts:write',
    does: 'Makes an account and its first token, which is shown this once.',
    body: json(createAccount),
    answers: { 201: { is: 'Made.', holds: json(createdAccount) } },
    oncePerKey: true,
    problems: [409],
  },
  {
    method: 'get',
    path: '/v1/event-types',
    about: 'Event types',
    access: 'event-types:read',
    does: 'Lists what the account says of its own event types.',
    answers: ok('All of them.', z.array(eventTypeView)),
  },
  {
    method: 'get',
    path: '/v1/event-types/{name}',
    params: { name: eventTypeName },
    about: 'Event types',
    access: 'event-types:read',
    does: 'Shows what the account says of an event type.',
    answers: tagged('The event type.', eventTypeView),
  },
  {
    method: 'put',
    path: '/v1/event-types/{name}',
    params: { name: eventTypeName },
    about: 'Event types',
    access: 'event-types:write',
    does: 'Describes an event type. Events whose `data` does not fit its schema are refused.',
    body: json(putEventType),
    answers: {
      200: { is: 'Described anew.', holds: json(eventTypeView), headers: ['Location'] },
      201: { is: 'Described.', holds: json(eventTypeView), headers: ['Location'] },
    },
    conditional: true,
    problems: [409],
  },
  {
    method: 'delete',
    path: '/v1/event-types/{name}',
    params: { name: eventTypeName },
    about: 'Event types',
    access: 'event-types:write',
    does: 'Forgets the description. Events of the type are not checked any more.',
    answers: done,
    conditional: true,
  },
  {
    method: 'get',
    path: '/v4/logfiles',
    also: ['/v1/logfiles'],
    about: 'History',
    access: 'events:read',
    does: 'Lists the dates that there are logfiles of; with `date` or `type`, the names of logfiles.',
    query: logfilesQuery,
    answers: ok('Dates or names.', z.array(z.string())),
  },
  {
    method: 'get',
    path: '/v4/logfile/{name}/{format}',
    params: { format: z.enum(['csv', 'json', 'xml']) },
    also: ['/v1/logfiles/{what}', '/v1/logfiles/{what}/{format}'],
    about: 'History',
    access: 'events:read',
    does: 'Gives a logfile as `csv`, `json` or `xml`.',
    query: logfileQuery,
    answers: {
      200: {
        is: 'The logfile.',
        holds: {
          ...json(z.array(z.record(z.string(), z.union([z.string(), z.number()])))),
          'text/csv': z.string(),
          'application/xml': z.string(),
        },
      },
    },
  },
  {
    method: 'get',
    path: '/v1/audit',
    about: 'Account',
    access: 'audit:read',
    does: 'Lists the changes of the configuration of the account, the newest first.',
    query: auditQuery,
    answers: ok('A page.', cursorPageView(auditEntry)),
  },
  {
    method: 'get',
    path: '/',
    about: 'This API',
    access: 'anyone',
    does: 'Says what this is.',
    answers: ok('Name and versions.', z.object({ name: z.string(), service: z.string(), apis: z.array(z.string()) })),
  },
  {
    method: 'get',
    path: '/v1/openapi.json',
    about: 'This API',
    access: 'anyone',
    does: 'Describes the HTTP API (OpenAPI 3.1).',
    answers: ok('This document.', z.looseObject({ openapi: z.string(), paths: z.record(z.string(), z.unknown()) })),
  },
  {
    method: 'get',
    path: '/v1/asyncapi.json',
    about: 'This API',
    access: 'anyone',
    does: 'Describes the Kafka topics (AsyncAPI 3).',
    answers: ok('The document.', z.looseObject({ asyncapi: z.string(), channels: z.record(z.string(), z.unknown()) })),
  },
  {
    method: 'get',
    path: '/docs',
    about: 'This API',
    access: 'anyone',
    does: 'Shows this document to people.',
    answers: { 200: { is: 'A page.', holds: { 'text/html': z.string() } } },
  },
  {
    method: 'get',
    path: '/docs/{file}',
    about: 'This API',
    access: 'anyone',
    does: 'Gives what that page needs.',
    answers: {
      200: { is: 'The file.', holds: { 'text/javascript': z.string(), 'text/css': z.string() } },
    },
  },
];
