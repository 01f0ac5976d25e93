import { DEAD_REASONS } from '@postduif/contracts';
import type { Attempt } from '@postduif/contracts';
import type { Database } from '../database/database.js';
import { parseEvent } from '../events/event-store.js';
import { storable } from '../ingestion/copy-rows.js';
import type { Line } from './logfile-format.js';
import { FAMILIES, LoggedEvent } from './logfile-kinds.js';
import type { Family, LogfileKind } from './logfile-kinds.js';

/** What is read at once: no more than either, but one line at least. */
const LINES_AT_ONCE = 1_000;
const BYTES_AT_ONCE = 4 * 1024 * 1024;
const DAY_MS = 86_400_000;
/** Reasons of our own for not asking a receiver. */
const UNASKED = Object.keys(DEAD_REASONS).map((reason) => `'${reason}'`);
/** The request was made, and was not accepted. By columns: PostgreSQL cannot read JSON in which a receiver has answered with a NUL. */
const FAILED = `outcome IN ('retrying', 'dead') AND error NOT IN (${UNASKED.join(', ')})`;

interface Row {
  readonly body: Buffer;
  readonly time: Date;
  readonly kafka_partition: number;
  readonly kafka_offset: string;
}

/**
 * Logfiles, made when they are asked for: an account's events of one type, and what receivers did not accept, by the day (UTC) on which
 * they came in. A day that is over does not change any more.
 */
export class LogfileStore {
  constructor(
    private readonly database: Pick<Database, 'read'>,
    private readonly retentionDays: number,
    private readonly now: () => number = Date.now,
  ) {}

  /** The days for which an account has logfiles, `YYYY-MM-DD`, oldest first. */
  async dates(account: string): Promise<string[]> {
    const today = Math.floor(this.now() / DAY_MS) * DAY_MS;
    const rows = await this.database.read<{ day: Date }>(
      `SELECT day FROM generate_series($2::timestamptz, $3::timestamptz, interval '24 hours') AS day
       WHERE EXISTS (SELECT FROM history.events
                     WHERE account = $1 AND accepted_at >= day AND accepted_at < day + interval '24 hours')
          OR EXISTS (SELECT FROM history.attempts
                     WHERE account = $1 AND at >= day AND at < day + interval '24 hours' AND ${FAILED})
       ORDER BY day`,
      [account, iso(today - this.retentionDays * DAY_MS), iso(today)],
    );
    return rows.map(({ day }) => dateOf(day.getTime()));
  }

  /** The names of an account's logfiles of a day. */
  async names(account: string, date: string, family: Family): Promise<string[]> {
    const [types, failed] = await Promise.all([this.#types(account, date), this.#hasFailed(account, date)]);
    const known = FAMILIES[family].filter((kind) => (kind.source === 'events' ? types.has(kind.type) : failed));
    const own = [...types].filter((type) => type.includes('.'));
    return [...known.map(({ prefix }) => prefix), ...own].sort().map((prefix) => `${prefix}.${date}.log`);
  }

  /** The lines of a logfile, in the order in which things came in; read piece by piece. */
  async *lines(account: string, kind: LogfileKind, date: string): AsyncGenerator<Line[]> {
    let last: Row | undefined;
    do {
      const rows: Row[] = await this.#page(account, kind, date, last);
      if (rows.length > 0 || last === undefined) yield rows.map(({ body }) => lineOf(kind, body));
      last = rows.at(-1);
    } while (last !== undefined);
  }

  #page(account: string, kind: LogfileKind, date: string, last: Row | undefined): Promise<Row[]> {
    const [table, time, condition, type] =
      kind.source === 'events'
        ? (['history.events', 'accepted_at', 'type = $7', storable(kind.type)] as const)
        : (['history.attempts', 'at', `${FAILED} AND $7::text IS NULL`, null] as const);
    const [from, to] = dayOf(date);
    return this.database.read<Row>(
      `SELECT body, time, kafka_partition, kafka_offset FROM (
         SELECT body, ${time} AS time, kafka_partition, kafka_offset,
           sum(octet_length(body)) OVER (ORDER BY ${time}, kafka_partition, kafka_offset) AS bytes
         FROM ${table}
         WHERE account = $1 AND ${time} >= $2 AND ${time} < $3 AND ${condition}
           AND (${time}, kafka_partition, kafka_offset) > ($4::timestamptz, $5::int, $6::bigint)
         ORDER BY ${time}, kafka_partition, kafka_offset LIMIT ${LINES_AT_ONCE}
       ) AS page
       WHERE bytes - octet_length(body) < ${BYTES_AT_ONCE}
       ORDER BY time, kafka_partition, kafka_offset`,
      [
        account,
        last?.time.toISOString() ?? from,
        to,
        last?.time.toISOString() ?? from,
        last?.kafka_partition ?? -1,
        last?.kafka_offset ?? -1,
        type,
      ],
    );
  }

  /** One step through the index for each type, however many events there are. */
  async #types(account: string, date: string): Promise<Set<string>> {
    const next = (after: string) =>
      `SELECT type FROM history.events WHERE account = $1 AND accepted_at >= $2 AND accepted_at < $3${after}
       ORDER BY type LIMIT 1`;
    const rows = await this.database.read<{ type: string }>(
      `WITH RECURSIVE types AS (
         (${next('')})
         UNION ALL
         SELECT (${next(' AND type > types.type')}) FROM types WHERE types.type IS NOT NULL
       )
       SELECT type FROM types WHERE type IS NOT NULL`,
      [account, ...dayOf(date)],
    );
    return new Set(rows.map(({ type }) => type));
  }

  async #hasFailed(account: string, date: string): Promise<boolean> {
    const rows = await this.database.read(
      `SELECT FROM history.attempts WHERE account = $1 AND at >= $2 AND at < $3 AND ${FAILED} LIMIT 1`,
      [account, ...dayOf(date)],
    );
    return rows.length > 0;
  }
}

function lineOf(kind: LogfileKind, body: Buffer): Line {
  if (kind.source === 'attempts') {
    const attempt = JSON.parse(body.toString('utf8')) as Attempt;
    return kind.columns.map(([, of]) => of(attempt));
  }
  const event = new LoggedEvent(parseEvent(body));
  return kind.columns.map(([, of]) => of(event));
}

function dayOf(date: string): [from: string, to: string] {
  const from = Date.parse(`${date}T00:00:00Z`);
  return [iso(from), iso(from + DAY_MS)];
}

function dateOf(at: number): string {
  return iso(at).slice(0, 10);
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
