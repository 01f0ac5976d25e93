import type { EventCounts } from '@postduif/contracts';
import type { Database } from '../database/database.js';
import { Conditions } from '../listing/list-query.js';

const DAY_MS = 24 * 60 * 60 * 1_000;
const DAYS = 7;
/** Events that are counted at most; who has more knows what he wanted to know. */
const MOST = 1_000_000;

export interface Counted {
  readonly type: string;
  readonly database?: number | undefined;
  readonly collection?: number | undefined;
}

/** How many events there were lately. Counted from an index alone (`events_by_type_to_count`), the newest first, up to a bound. */
export class EventCounter {
  constructor(
    private readonly store: Pick<Database, 'read'>,
    private readonly now: () => number = Date.now,
    private readonly most = MOST,
  ) {}

  /** The account's events of a type in the last seven times 24 hours, day by day. */
  async lastWeek(account: string, { type, database, collection }: Counted): Promise<EventCounts> {
    const to = this.now();
    const at = (daysAgo: number): string => new Date(to - daysAgo * DAY_MS).toISOString();
    const conditions = new Conditions()
      .equals('account', account)
      .equals('type', type)
      .equals('database', database)
      .equals('collection', collection);
    const end = `${conditions.parameter(at(0))}::timestamptz`;
    conditions.add(`accepted_at > ${conditions.parameter(at(DAYS))}::timestamptz`).add(`accepted_at <= ${end}`);
    const rows = await this.store.read<{ ago: number; events: string }>(
      `SELECT floor(extract(epoch FROM (${end} - accepted_at)) / 86400)::int AS ago, count(*) AS events FROM (
         SELECT accepted_at FROM history.events WHERE ${conditions.toString()}
         ORDER BY accepted_at DESC LIMIT ${conditions.parameter(this.most)}
       ) AS counted GROUP BY ago`,
      conditions.values,
    );
    const counted = new Map(rows.map(({ ago, events }) => [ago, Number(events)]));
    const total = [...counted.values()].reduce((sum, events) => sum + events, 0);
    const days = Array.from({ length: DAYS }, (_, day) => DAYS - 1 - day).map((ago) => ({
      ...{ from: at(ago + 1), to: at(ago), events: counted.get(ago) ?? 0 },
    }));
    return { from: at(DAYS), to: at(0), total, complete: total < this.most, days };
  }
}
