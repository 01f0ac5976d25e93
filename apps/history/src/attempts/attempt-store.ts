import type { Attempt } from '@postduif/contracts';
import type { Database } from '../database/database.js';
import { Conditions, readPage } from '../listing/list-query.js';
import type { ListDefinition, Page, PageRequest, PlacedRow } from '../listing/list-query.js';

export interface AttemptFilter {
  readonly webhook?: string | undefined;
  readonly event?: string | undefined;
  readonly trigger?: string | undefined;
  readonly outcome?: Attempt['outcome'] | undefined;
  readonly status?: number | undefined;
  readonly error?: string | undefined;
}

/** Attempts shown with an event; the list of attempts, filtered by event, has them all. */
const MOST_OF_AN_EVENT = 1_000;

const LIST: ListDefinition<PlacedRow & { readonly body: Buffer }, Attempt> = {
  name: 'attempts',
  table: 'history.attempts',
  timeColumn: 'at',
  columns: ['body'],
  toItem: ({ body }) => parse(body),
};
const NAMES = ['webhook', 'event', 'trigger', 'outcome', 'status', 'error'] as const;

/** Reads `history.attempts`. */
export class AttemptStore {
  constructor(private readonly database: Pick<Database, 'read'>) {}

  /** The account's attempts, newest first. */
  async list(account: string, filter: AttemptFilter, page: PageRequest): Promise<Page<Attempt>> {
    const conditions = new Conditions().equals('account', account);
    for (const name of NAMES) conditions.equals(name, filter[name]);
    if (isFailure(filter)) conditions.add(`outcome IN ('retrying', 'dead')`);
    return readPage(this.database, LIST, conditions, page);
  }

  /** The newest attempts for an event, in the order in which they were made. */
  async ofEvent(account: string, event: string): Promise<{ attempts: Attempt[]; complete: boolean }> {
    const conditions = new Conditions().equals('account', account).equals('event', event);
    const rows = await this.database.read<{ body: Buffer }>(
      `SELECT body FROM history.attempts WHERE ${conditions.toString()}
       ORDER BY at DESC, kafka_partition DESC, kafka_offset DESC LIMIT ${MOST_OF_AN_EVENT + 1}`,
      conditions.values,
    );
    const newest = rows.slice(0, MOST_OF_AN_EVENT).map(({ body }) => parse(body));
    return { attempts: newest.reverse(), complete: rows.length <= MOST_OF_AN_EVENT };
  }
}

/** Only failed attempts can match; saying so lets the small index of failures be used. */
function isFailure({ error, outcome, status }: AttemptFilter): boolean {
  return (
    error !== undefined || (outcome !== undefined && outcome !== 'delivered') || (status !== undefined && status >= 300)
  );
}

function parse(body: Buffer): Attempt {
  return JSON.parse(body.toString('utf8')) as Attempt;
}
