import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { ApiError } from '@postduif/contracts';
import type { Problem } from '@postduif/contracts';
import type { Upstream } from '../front-door/upstream.js';
import { invalid } from '../v4/invalid.js';

const ANSWER_MS = 30_000;
const RETRY_AFTER_SECONDS = 5;

export interface HistoryAnswer {
  readonly contentType: string;
  readonly body: Readable;
}

/** What history answers to whoever has the token. */
export class HistoryApi {
  constructor(private readonly upstream: Upstream) {}

  /** Throws `not_found` and `invalid_request` with history's own words, `rate_limited` and `upstream_unavailable`. */
  async get(path: string, query: URLSearchParams, token: string): Promise<HistoryAnswer> {
    const response = await this.#fetch(`${this.upstream.url}${path}?${query.toString()}`, token);
    if (response.ok && response.body !== null) {
      const body = Readable.fromWeb(response.body as ReadableStream<Uint8Array>);
      return { contentType: response.headers.get('content-type') ?? 'application/octet-stream', body };
    }
    const { detail = '', errors = [] } = (await response.json().catch(() => ({}))) as Partial<Problem>;
    if (response.status === 404) throw new ApiError('not_found', detail === '' ? undefined : detail);
    const mistakes = errors.map(({ path, message }) => `${path}: ${message}`).join('; ');
    if (response.status === 400) throw invalid(mistakes === '' ? detail : mistakes);
    requireRoom(response);
    throw unavailable();
  }

  async #fetch(url: string, token: string): Promise<Response> {
    const late = new AbortController();
    const timer = setTimeout(() => {
      late.abort();
    }, ANSWER_MS);
    try {
      // The time is for the head of the answer: a logfile may be long.
      const response = await fetch(url, { headers: { authorization: `Bearer ${token}` }, signal: late.signal });
      this.upstream.answered();
      return response;
    } catch (error) {
      this.upstream.failed(error);
      throw unavailable(error);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** History limits requests itself. Throws `rate_limited` with the time that it says. */
export function requireRoom({ status, headers }: Response): void {
  if (status !== 429) return;
  throw new ApiError('rate_limited', undefined, { retryAfterSeconds: Number(headers.get('retry-after') ?? 1) });
}

function unavailable(cause?: unknown): ApiError {
  return new ApiError('upstream_unavailable', undefined, { retryAfterSeconds: RETRY_AFTER_SECONDS, cause });
}
