import { setTimeout as pause } from 'node:timers/promises';
import type { RunningSystem } from './running-system.js';

export interface Refusal {
  readonly status: number;
  readonly retryAfter: string | null;
}

/** `null` stands for an event that was refused. */
interface BatchAnswer {
  readonly ids: readonly (string | null)[];
}

/** Events of a request. */
export const BATCH = 100;
const NO_ANSWER_PAUSE_MS = 200;

/** Posts events in batches, as a careful producer does: what was not accepted is sent again with the same id, as often as it takes. */
export class PersistentProducer {
  /** Ids that were answered 202. */
  readonly accepted = new Set<string>();
  /** Answers to whole requests other than 202. */
  readonly refusals: Refusal[] = [];
  /** Requests that got no answer. */
  unanswered = 0;

  constructor(
    private readonly system: RunningSystem,
    private readonly type: string,
  ) {}

  /** Sends events with ids `<type>-<n>`, `from <= n < to`; resolves when all are accepted. `room` holds the next batch back. */
  async send(from: number, to: number, room: () => Promise<void> = () => Promise.resolve()): Promise<void> {
    for (let start = from; start < to; start += BATCH) {
      await room();
      await this.#sendBatch(Array.from({ length: Math.min(BATCH, to - start) }, (_, n) => `${this.type}-${start + n}`));
    }
  }

  async #sendBatch(ids: readonly string[]): Promise<void> {
    for (let missing = ids; missing.length > 0;) {
      const answer = await this.#post(missing);
      if (answer === undefined) await pause(NO_ANSWER_PAUSE_MS);
      else if ('retryAfterMs' in answer) await pause(answer.retryAfterMs);
      else for (const id of answer.ids) if (id !== null) this.accepted.add(id);
      missing = missing.filter((id) => !this.accepted.has(id));
    }
  }

  /** Undefined when there was no answer, or only a part of one. */
  async #post(ids: readonly string[]): Promise<BatchAnswer | { retryAfterMs: number } | undefined> {
    const events = ids.map((id) => ({ id, type: this.type, data: { id } }));
    let response: Response;
    let text: string;
    try {
      response = await this.system.call('POST', '/v1/events', events);
      text = await response.text();
    } catch {
      // Only a broken connection ends here; what the service answers is judged below.
      this.unanswered += 1;
      return undefined;
    }
    if (response.status === 202) return JSON.parse(text) as BatchAnswer;
    const retryAfter = response.headers.get('retry-after');
    this.refusals.push({ status: response.status, retryAfter });
    if (response.status !== 503 && response.status !== 429) throw new Error(`${response.status}: ${text}`);
    return { retryAfterMs: Number(retryAfter) * 1_000 };
  }
}
