import { VOLUME_ADVICE } from '@postduif/contracts';
import type { AdviceCode, AdviceQuery, AdviceView, EventCounts, Volume } from '@postduif/contracts';
import { CountsUnknown } from './history-counts.js';
import type { HistoryCounts } from './history-counts.js';

/** Events on one day from which other ways than a webhook are worth a thought: one every nine seconds, mostly in bursts. */
export const BUSY_PER_DAY = 10_000;

/** Warns who is about to ask for more requests than a server may bear (spec section 1). */
export class VolumeAdvice {
  constructor(private readonly counts: Pick<HistoryCounts, 'of'>) {}

  /** What a webhook would have had to take in the last seven days. Throws `forbidden` when the caller may not read events, and `rate_limited`. */
  async of(authorization: string, query: AdviceQuery): Promise<AdviceView> {
    const volume = await this.#volume(authorization, query);
    const busy = volume.known ? volume.busiestDay >= BUSY_PER_DAY : null;
    return {
      trigger: query.trigger,
      database: query.database ?? null,
      collection: query.collection ?? null,
      volume,
      threshold: BUSY_PER_DAY,
      busy,
      advice: busy === true ? codesFor(query).map((code) => ({ code, text: VOLUME_ADVICE[code] })) : [],
    };
  }

  async #volume(authorization: string, query: AdviceQuery): Promise<Volume> {
    try {
      return known(await this.counts.of(authorization, query));
    } catch (error) {
      if (!(error instanceof CountsUnknown)) throw error;
      return { known: false, error: error.code, message: error.message };
    }
  }
}

function known(counts: EventCounts): Volume {
  const busiestDay = Math.max(0, ...counts.days.map(({ events }) => events));
  return { known: true, ...counts, perDay: Math.round(counts.total / Math.max(1, counts.days.length)), busiestDay };
}

function codesFor({ database, collection }: AdviceQuery): AdviceCode[] {
  const unlimited = database === undefined && collection === undefined;
  return ['logfiles', 'statistics', 'api', ...(unlimited ? (['limit'] as const) : []), 'prepare'];
}
