import {
  fieldErrors,
  isJsonObject,
  JsonError,
  MAX_DATA_DEPTH,
  parseJson,
  plainMessage,
  testCall,
} from '@postduif/contracts';
import type { TestContent, TestOutcome, TestTiming } from '@postduif/contracts';
import type { EndedTest } from '../test-calls/test-report.js';
import { errorOf, outcomeOf, timingOf } from '../test-calls/test-report.js';
import { badRequest } from './parse-message.js';

/** `TestWebhookRequest`. */
export interface TestRequestMessage {
  readonly id: string;
  /** May be unknown to us. */
  readonly about: string | number;
  readonly event?: {
    readonly data_json: string;
    readonly database?: number;
    readonly collection?: number;
    readonly profile?: number;
    readonly subprofile?: number;
    readonly mailing?: number;
  };
  readonly body?: { readonly content: Buffer; readonly content_type: string };
}

interface HeaderMessage {
  readonly name: string;
  readonly value: string;
}

/** `TestWebhookResponse`. */
export interface TestMessage {
  readonly test_id: string;
  readonly outcome: `OUTCOME_${Uppercase<TestOutcome>}`;
  readonly request: { readonly url: string; readonly headers: readonly HeaderMessage[]; readonly body: Buffer };
  readonly response: {
    readonly status: number;
    readonly headers: readonly HeaderMessage[];
    readonly body: Buffer;
    readonly body_truncated: boolean;
  } | null;
  readonly error: string;
  readonly message: string;
  readonly remote_address: string;
  readonly timing: {
    readonly queued_ms: number;
    readonly connect_ms?: number;
    readonly lookup_ms?: number;
    readonly tcp_ms?: number;
    readonly tls_ms?: number;
    readonly first_byte_ms?: number;
    readonly total_ms: number;
  };
}

/** Where the request has what the contract names otherwise. */
const PLACES: Readonly<Record<string, string>> = {
  bodyBase64: 'body.content',
  contentType: 'body.content_type',
  database: 'event.database',
  collection: 'event.collection',
  profile: 'event.profile',
  subprofile: 'event.subprofile',
  mailing: 'event.mailing',
};

/** What is to be sent. Throws `invalid_request`. */
export function toContent({ about, event, body }: TestRequestMessage): TestContent {
  const subject = aboutOf(about);
  if (body !== undefined) {
    const bodyBase64 = body.content.toString('base64');
    const contentType = body.content_type === '' ? undefined : body.content_type;
    return parse({ about: subject, bodyBase64, contentType });
  }
  if (event === undefined) return parse({ about: subject });
  const { data_json: json, ...ids } = event;
  const given = Object.fromEntries(Object.entries(ids).map(([name, id]) => [name, id === 0 ? null : id]));
  return parse({ about: subject, ...given, data: dataOf(json) });
}

function parse(given: object): TestContent {
  const result = testCall.safeParse(given, { error: plainMessage });
  if (result.success) return result.data;
  throw badRequest(fieldErrors(result.error).map(({ path, message }) => ({ path: PLACES[path] ?? path, message })));
}

/** Undefined when it is unspecified; the contract refuses what it does not know. */
function aboutOf(about: string | number): string | undefined {
  const value = String(about).replace('ABOUT_', '').toLowerCase();
  return value === 'unspecified' ? undefined : value;
}

function dataOf(json: string): Record<string, unknown> | undefined {
  if (json === '') return undefined;
  const data = parsed(json);
  if (isJsonObject(data)) return data;
  throw badRequest([{ path: 'event.data_json', message: 'must be a JSON object' }]);
}

function parsed(json: string): unknown {
  try {
    return parseJson(Buffer.from(json), { maxDepth: MAX_DATA_DEPTH });
  } catch (error) {
    if (error instanceof JsonError) throw badRequest([{ path: 'event.data_json', message: error.message }]);
    throw error;
  }
}

export function toTestMessage({ webhook, occasion, body, sent }: EndedTest): TestMessage {
  const { headers, result } = sent;
  const error = errorOf(result);
  return {
    test_id: occasion.id,
    outcome: `OUTCOME_${outcomeOf(result).toUpperCase() as Uppercase<TestOutcome>}`,
    request: {
      url: webhook.handler,
      headers: headers.map(([name, value]) => ({ name, value })),
      body: body.body,
    },
    response:
      result.outcome === 'error'
        ? null
        : {
            status: result.status,
            headers: Object.entries(result.headers).map(([name, value]) => ({ name, value })),
            body: result.body,
            body_truncated: result.bodyTruncated,
          },
    error: error?.code ?? '',
    message: error?.message ?? '',
    remote_address: result.remoteAddress ?? '',
    timing: toTiming(timingOf(result.timing)),
  };
}

function toTiming({
  queuedMs,
  connectMs,
  lookupMs,
  tcpMs,
  tlsMs,
  firstByteMs,
  totalMs,
}: TestTiming): TestMessage['timing'] {
  return {
    queued_ms: queuedMs,
    ...(connectMs === null ? {} : { connect_ms: connectMs }),
    ...(lookupMs === null ? {} : { lookup_ms: lookupMs }),
    ...(tcpMs === null ? {} : { tcp_ms: tcpMs }),
    ...(tlsMs === null ? {} : { tls_ms: tlsMs }),
    ...(firstByteMs === null ? {} : { first_byte_ms: firstByteMs }),
    total_ms: totalMs,
  };
}
