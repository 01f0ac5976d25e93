import { z } from 'zod';
import { accountView, updateAccount } from '../account-api.js';
import { attemptSchema } from '../attempt.js';
import { auditEntry } from '../audit-api.js';
import { recordCheckView } from '../dns-api.js';
import { domainView } from '../domain-api.js';
import { ERRORS, problemView } from '../errors.js';
import { newCloudEventDocument, newEventDocument } from '../event.js';
import { deliveryView, eventSummary } from '../history-api.js';
import { batchAccepted } from '../ingest-api.js';
import { fieldView, interestView, titledView } from '../registry-api.js';
import { entityTags, idempotencyKey } from '../request-headers.js';
import { signingKeyView } from '../signing-key-api.js';
import { checkReport, sampleView, testReport } from '../test-api.js';
import { createdToken, createToken, tokenView } from '../token-api.js';
import { adviceView } from '../volume-api.js';
import { createWebhook, updateWebhook, webhookView } from '../webhook-api.js';
import { JsonSchemas, saysNothing } from './json-schema.js';
import type { Json } from './json-schema.js';
import { OPERATIONS } from './operations.js';
import type { AnswerDescription, AnswerHeader, Operation } from './operations.js';

/** The error of Copernica's and SMTPeter's addresses. */
const compatibleError = z.object({
  error: z.object({
    message: z.string(),
    code: z.string().describe('Stable, for programs. Copernica has none.'),
  }),
});

/** What is sent to us. */
const GIVEN = {
  CreateToken: createToken,
  CreateWebhook: createWebhook,
  NewCloudEvent: newCloudEventDocument,
  NewEvent: newEventDocument,
  UpdateAccount: updateAccount,
  UpdateWebhook: updateWebhook,
};
/** What we send. */
const SHOWN = {
  Account: accountView,
  Advice: adviceView,
  Attempt: attemptSchema,
  AuditEntry: auditEntry,
  BatchAccepted: batchAccepted,
  CheckReport: checkReport,
  CompatibleError: compatibleError,
  CreatedToken: createdToken,
  Delivery: deliveryView,
  DnsCheck: recordCheckView,
  Domain: domainView,
  EventSummary: eventSummary,
  Field: fieldView,
  Interest: interestView,
  Problem: problemView,
  Sample: sampleView,
  SigningKey: signingKeyView,
  Table: titledView,
  TestReport: testReport,
  Token: tokenView,
  Webhook: webhookView,
};

type HeaderName = AnswerHeader | 'Retry-After' | 'WWW-Authenticate' | 'RateLimit' | 'RateLimit-Policy';

const HEADERS: Readonly<Record<HeaderName, string>> = {
  ETag: 'Version of what is shown, for `If-Match` and `If-None-Match`.',
  Location: 'Address of what was made.',
  'X-Location': 'The same, as Copernica calls it.',
  'X-Created': 'Its id.',
  'X-Deleted': 'What was deleted: its kind and id.',
  'Idempotency-Replayed': '`true` when this repeats an earlier answer.',
  'Retry-After': 'Seconds to wait.',
  'WWW-Authenticate': 'How to send a token.',
  RateLimit: 'What is left (draft-ietf-httpapi-ratelimit-headers-10).',
  'RateLimit-Policy': 'What may be sent in which time.',
};

/** Those that are not always there where they are described. */
const SOMETIMES: readonly HeaderName[] = ['Idempotency-Replayed', 'RateLimit', 'RateLimit-Policy'];

const schemas = new JsonSchemas({ ...GIVEN, ...SHOWN });

const IF_MATCH = {
  name: 'If-Match',
  in: 'header',
  description: 'The `ETag` that was read: the change is made only to that version, and otherwise answered 412.',
  schema: schemas.of(entityTags, 'input'),
};

const IF_NONE_MATCH = { name: 'If-None-Match', in: 'header', schema: schemas.of(entityTags, 'input') };
const IF_CHANGED = {
  ...IF_NONE_MATCH,
  description: 'The `ETag` that was read: while it holds, the answer is 304 without a body.',
};
const IF_ABSENT = { ...IF_NONE_MATCH, description: '`*`: what is there already is not changed, and answered 412.' };

const IDEMPOTENCY_KEY = {
  name: 'Idempotency-Key',
  in: 'header',
  description:
    'Of your choice, 1 to 200 characters, a new one for each thing that is to be made. Within 24 hours the same request with the same key and token ' +
    'makes nothing more, and is answered as the first time; another request with it is answered 422, and one that comes while the first is ' +
    'under way 409.',
  schema: schemas.of(idempotencyKey, 'input'),
};

const INTRODUCTION = `The public API of Postduif.

Addresses under \`/v4\` follow Copernica's REST conventions. The same are under \`/v3\` and \`/v2\` (where a PUT is answered 303), and a path may go on
after its end. What \`x-also-at\` names are SMTPeter's addresses for the same call. Errors there are 400 in Copernica's shape; everywhere else
they are problem details (RFC 9457) with a stable \`code\`.

A token goes into \`Authorization: Bearer\`, as does a JWT that \`POST /authenticate\` gives for it. \`/v3\`, \`/v2\` and SMTPeter's addresses also take
\`?access_token=\`.`;

/**
 * The document that describes the HTTP API (OpenAPI 3.1), made from the contracts.
 *
 * @param version of the installation
 */
export function openApi(version: string): Json {
  const paths: Record<string, Record<string, Json>> = {};
  for (const operation of OPERATIONS) (paths[operation.path] ??= {})[operation.method] = describe(operation);
  return {
    openapi: '3.1.0',
    info: {
      title: 'Postduif',
      version,
      description: INTRODUCTION,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    security: [{ token: [] }],
    tags: [...new Set(OPERATIONS.map(({ about }) => about))].map((name) => ({ name })),
    paths,
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
      schemas: schemas.components((name) => (name in SHOWN ? 'output' : 'input')),
    },
  };
}

function describe(operation: Operation): Json {
  const { method, path, also, about, does, access } = operation;
  return {
    operationId: `${method}${path.replace(/[^A-Za-z0-9]+(.?)/g, (_, next: string) => next.toUpperCase())}`,
    tags: [about],
    summary: does,
    description: needs(access),
    ...(also === undefined ? {} : { 'x-also-at': also }),
    ...(access === 'anyone' ? { security: [] } : {}),
    parameters: parametersOf(operation),
    ...(operation.body === undefined ? {} : { requestBody: requestBody(operation.body) }),
    responses: { ...answersOf(operation), ...problemsOf(operation) },
  };
}

function needs(access: Operation['access']): string {
  if (access === 'anyone') return 'Needs no token.';
  return access === 'token' ? 'Needs any valid token.' : `Needs a token with the scope \`${access}\`.`;
}

function parametersOf({ method, path, params = {}, query, answers, conditional, oncePerKey }: Operation): Json[] {
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) =>
    inAddress(name, 'path', params[name] ?? z.string().min(1)),
  );
  const inQuery = Object.entries(query?.shape ?? {}).map(([name, schema]) => inAddress(name, 'query', schema));
  return [
    ...inPath,
    ...inQuery,
    ...(304 in answers ? [IF_CHANGED] : []),
    ...(conditional === true ? [IF_MATCH] : []),
    ...(conditional === true && method === 'put' ? [IF_ABSENT] : []),
    ...(oncePerKey === true ? [IDEMPOTENCY_KEY] : []),
  ];
}

/** It may be left out where an empty object would do. */
function requestBody(body: NonNullable<Operation['body']>): Json {
  const required = Object.values(body).some((schema) => !schema.safeParse({}).success);
  return { required, content: content(body, 'input') };
}

/** In an address everything is text: what is understood by it tells more than that. */
function inAddress(name: string, place: 'path' | 'query', schema: z.ZodType): Json {
  const understood = schemas.of(schema, 'output');
  const { description, ...json } = saysNothing(understood) ? schemas.of(schema, 'input') : understood;
  const required = !schema.safeParse(undefined).success;
  return { name, in: place, required, ...(description === undefined ? {} : { description }), schema: json };
}

function answersOf({ answers, oncePerKey }: Operation): Json {
  const repeatable: readonly AnswerHeader[] = oncePerKey === true ? ['Idempotency-Replayed'] : [];
  return Object.fromEntries(
    Object.entries(answers).map(([status, { is, holds, headers = [] }]: [string, AnswerDescription]) => [
      status,
      {
        description: is,
        headers: headersOf([...headers, ...repeatable]),
        ...(holds === undefined ? {} : { content: content(holds, 'output') }),
      },
    ]),
  );
}

function problemsOf(operation: Operation): Json {
  const { method, path, access, conditional, oncePerKey, problems = [], problem = problemView } = operation;
  const compatible = isCompatible(path);
  const statuses = new Set([400, 429, 500, 503, ...problems]);
  if (access !== 'anyone' && !compatible) for (const status of [401, 403]) statuses.add(status);
  if (path.includes('{') && !compatible) statuses.add(404);
  if (method !== 'get' && !compatible) for (const status of [408, 413, 415]) statuses.add(status);
  if (conditional === true) statuses.add(412);
  if (oncePerKey === true) for (const status of [409, 422]) statuses.add(status);
  return Object.fromEntries(
    [...statuses].map((status) => [status, problemAnswer(status, compatible ? undefined : problem)]),
  );
}

function isCompatible(path: string): boolean {
  return path.startsWith('/v4/') || path === '/authenticate';
}

/** @param problem where it is not an error as Copernica has it */
function problemAnswer(status: number, problem: z.ZodType | undefined): Json {
  const codes = Object.entries(ERRORS).flatMap(([code, error]) => (error.status === status ? [`\`${code}\``] : []));
  const later = status === 429 || status === 503 ? (['Retry-After'] as const) : [];
  const how = status === 401 ? (['WWW-Authenticate'] as const) : [];
  const limits = status === 429 ? (['RateLimit', 'RateLimit-Policy'] as const) : [];
  return {
    description: problem === undefined && status === 400 ? "The caller's mistake." : `One of ${codes.join(', ')}.`,
    headers: headersOf([...how, ...later, ...limits]),
    content:
      problem === undefined
        ? content({ 'application/json': compatibleError }, 'output')
        : content({ 'application/problem+json': problem }, 'output'),
  };
}

function headersOf(names: readonly HeaderName[]): Json {
  return Object.fromEntries(
    names.map((name) => [
      name,
      { description: HEADERS[name], required: !SOMETIMES.includes(name), schema: { type: 'string' } },
    ]),
  );
}

function content(holds: Readonly<Record<string, z.ZodType>>, io: 'input' | 'output'): Json {
  return Object.fromEntries(Object.entries(holds).map(([type, schema]) => [type, { schema: schemas.of(schema, io) }]));
}
