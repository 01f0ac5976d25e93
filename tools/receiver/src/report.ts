import { headerOf } from './arrived-request.js';
import type { ArrivedRequest } from './arrived-request.js';
import { decodeBody } from './decoded-body.js';
import type { BodyField } from './decoded-body.js';
import type { Verdict } from './verification.js';

/** Everything about a request that arrived. With `--json` it is printed as it is. */
export interface Arrival {
  /** ISO 8601. */
  readonly at: string;
  readonly method: string;
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Type of the event, from the body. */
  readonly trigger: string | undefined;
  readonly event: string | undefined;
  readonly attempt: number | undefined;
  readonly signature: Verdict;
  readonly fields: readonly BodyField[];
  /** The exact bytes, in base64. */
  readonly body: string;
  /** Status of the answer; null when there is none. */
  readonly answered: number | null;
}

/** Puts together what is known of a request. */
export function arrivalOf(request: ArrivedRequest, signature: Verdict, answered: number | null): Arrival {
  const fields = decodeBody(headerOf(request, 'content-type'), request.body);
  const attempt = headerOf(request, 'x-webhook-attempt');
  return {
    at: request.at.toISOString(),
    method: request.method,
    target: request.target,
    headers: Object.fromEntries(request.headers.map(([name, value]) => [name.toLowerCase(), value])),
    trigger: fields.find(({ name }) => name === 'type')?.value,
    event: headerOf(request, 'webhook-id') ?? headerOf(request, 'x-webhook-event-id'),
    attempt: attempt === undefined ? undefined : Number(attempt),
    signature,
    fields,
    body: request.body.toString('base64'),
    answered,
  };
}

const MOST_CHARACTERS = 100;
const MOST_FIELDS = 60;

/** The arrival for people: a line that says what it is, then a line for each field. */
export function readableReport(arrival: Arrival): string {
  const { at, method, target, trigger, event, attempt, signature, fields, answered } = arrival;
  const head = [
    at.slice('YYYY-MM-DDT'.length, -1),
    method,
    target,
    trigger ?? 'unknown type',
    ...(attempt === undefined ? [] : [`attempt ${attempt}`]),
    ...(event === undefined ? [] : [`event ${event}`]),
  ];
  const shown = fields.slice(0, MOST_FIELDS);
  const width = Math.max('signature'.length, ...shown.map(({ name }) => Math.min(shorten(name).length, 32)));
  const line = (name: string, value: string): string => `  ${shorten(name).padEnd(width)}  ${shorten(value)}`;
  return [
    shorten(head.join('  '), 300),
    `  ${'signature'.padEnd(width)}  ${signature.valid ? 'VALID' : 'INVALID'} ${signature.kind}: ${escaped(signature.detail)}`,
    line('answered', answered === null ? 'not at all' : String(answered)),
    ...shown.map(({ name, value }) => line(name, value)),
    ...(fields.length > shown.length ? [`  … and ${fields.length - shown.length} more fields`] : []),
    '',
  ].join('\n');
}

/** Only what is not right, in a line; undefined when everything is. */
export function quietReport({ at, target, trigger, event, signature }: Arrival): string | undefined {
  if (signature.valid) return undefined;
  return escaped(`${at} ${target} ${trigger ?? ''} ${event ?? ''} INVALID ${signature.kind}: ${signature.detail}`);
}

function shorten(text: string, most = MOST_CHARACTERS): string {
  const cut = text.length > most ? `${text.slice(0, most)}… (${text.length} characters)` : text;
  return escaped(cut);
}

/** What was sent may not steer the terminal. */
function escaped(text: string): string {
  return text.replace(/\p{Cc}/gu, (character) =>
    JSON.stringify(character)
      .slice(1, -1)
      .replace(/^[\x7f-\x9f]$/, '?'),
  );
}
