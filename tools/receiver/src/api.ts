import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What `npm start` writes to `credentials.json`, as far as it is used here. */
export interface Credentials {
  readonly api: string;
  readonly token: string;
}

/** A webhook in the answer to `GET /v4/webhooks`, as far as it is used here. */
export interface ListedWebhook {
  readonly ID: string;
  readonly handler: string;
  readonly trigger: string;
  readonly format: string;
}

/** The stack is not there, or does not do what was asked. The message says what to do. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem';
}

/** Throws `ApiProblem` when there are none, or they cannot be read. */
export async function readCredentials(home: string): Promise<Credentials> {
  const path = join(home, 'credentials.json');
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new ApiProblem(`There is no ${path}. Start the stack first: npm start`, { cause });
  }
  const { api, token } = JSON.parse(text) as Partial<Credentials>;
  if (typeof api !== 'string' || typeof token !== 'string')
    throw new ApiProblem(`${path} is not what npm start writes. Start the stack again: npm start`);
  return { api, token };
}

const PAGE = 1_000;
const JSON_TYPE = 'application/json';
const PATIENCE_MS = 10_000;

/** The public API of Postduif with one token. Every failure is an `ApiProblem`. */
export class Api {
  constructor(private readonly credentials: Credentials) {}

  /** All webhooks, page by page. */
  async webhooks(): Promise<ListedWebhook[]> {
    const all: ListedWebhook[] = [];
    for (;;) {
      const page = await this.get<{ data: ListedWebhook[]; total: number }>(
        `/v4/webhooks?start=${all.length}&limit=${PAGE}`,
      );
      all.push(...page.data);
      if (page.data.length === 0 || all.length >= page.total) return all;
    }
  }

  async get<T>(path: string): Promise<T> {
    const response = await this.request(path);
    return (await response.json()) as T;
  }

  async post(path: string, body: unknown): Promise<Response> {
    return this.request(path, JSON.stringify(body));
  }

  /** A POST of JSON when there is a body, else a GET. */
  private async request(path: string, body?: string): Promise<Response> {
    const { api, token } = this.credentials;
    const method = body === undefined ? 'GET' : 'POST';
    const headers = { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': JSON_TYPE }) };
    let response: Response;
    try {
      const signal = AbortSignal.timeout(PATIENCE_MS);
      response = await fetch(api + path, { method, headers, signal, ...(body === undefined ? {} : { body }) });
    } catch (cause) {
      throw new ApiProblem(`Nothing answers at ${api}. Is the stack running? Start it with: npm start`, { cause });
    }
    if (response.ok) return response;
    const told = sentenceOf(await response.text());
    throw new ApiProblem(`${method} ${path} was answered with ${response.status}: ${told}`);
  }
}

/** The sentence in an error of either kind: problem details, or Copernica's `{"error":{"message"}}`. */
function sentenceOf(body: string): string {
  try {
    const { detail, errors, error } = JSON.parse(body) as {
      detail?: string;
      errors?: unknown;
      error?: { message?: string };
    };
    return [error?.message ?? detail ?? body, errors === undefined ? '' : JSON.stringify(errors)].join(' ').trim();
  } catch {
    // No JSON: the text is all there is.
    return body.slice(0, 500);
  }
}
