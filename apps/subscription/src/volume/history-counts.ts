import { ApiError, eventCounts } from '@postduif/contracts';
import type { AdviceQuery, EventCounts } from '@postduif/contracts';
import type { Upstream } from '../front-door/upstream.js';
import { requireRoom } from '../logfiles/history-api.js';

/** Longer than history takes for its slowest answer. */
const ANSWER_MS = 8_000;

/** History has no answer. `code` is stable. */
export class CountsUnknown extends Error {
  override readonly name = 'CountsUnknown';

  constructor(
    readonly code: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

const AWAY = 'History does not answer at the moment, so nobody can tell how many events there were. Ask again later.';

/** How many events there were, asked of history on behalf of a caller: it checks the token itself. */
export class HistoryCounts {
  constructor(private readonly upstream: Upstream) {}

  /**
   * @param authorization the caller's header
   * @throws {ApiError} `forbidden` when the caller may not read events, `rate_limited` when he asks too often
   * @throws {CountsUnknown}
   */
  async of(authorization: string, { trigger, database, collection }: AdviceQuery): Promise<EventCounts> {
    const query = new URLSearchParams({ type: trigger });
    if (database !== undefined) query.set('database', String(database));
    if (collection !== undefined) query.set('collection', String(collection));
    const { response, body } = await this.#get(`/v1/event-counts?${query.toString()}`, authorization);
    requireRoom(response);
    if (response.status === 403) throw new ApiError('forbidden', 'This token lacks the scope events:read.');
    const counts = eventCounts.safeParse(body);
    if (response.status === 200 && counts.success) return counts.data;
    throw new CountsUnknown(codeIn(body), AWAY);
  }

  async #get(path: string, authorization: string): Promise<{ response: Response; body: unknown }> {
    try {
      const response = await fetch(this.upstream.url + path, {
        headers: { authorization },
        signal: AbortSignal.timeout(ANSWER_MS),
        redirect: 'error',
      });
      const body: unknown = await response.json();
      this.upstream.answered();
      return { response, body };
    } catch (cause) {
      this.upstream.failed(cause);
      throw new CountsUnknown('upstream_unavailable', AWAY, { cause });
    }
  }
}

/** The stable code of problem details. */
function codeIn(body: unknown): string {
  const code: unknown = typeof body === 'object' && body !== null && 'code' in body ? body.code : undefined;
  return typeof code === 'string' ? code : 'upstream_unavailable';
}
