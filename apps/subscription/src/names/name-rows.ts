import type { Queries } from '../database/database.js';
import type { PageRequest } from '../v4/pages.js';
import type { Mention } from './mentions.js';

export type NameKind = 'database' | 'collection' | 'field' | 'interest';

/** What something is in: nothing (a database), `database/12` or `collection/3`. */
export type Place = '' | `database/${number}` | `collection/${number}`;

/** Where names of one kind are. */
export interface NameList {
  readonly account: string;
  readonly kind: NameKind;
  readonly place: Place;
}

/** One of them. */
export interface NameKey {
  readonly account: string;
  readonly kind: NameKind;
  readonly id: number;
}

export interface NameRow {
  readonly id: string;
  readonly place: Place;
  /** Null while an id was only mentioned. */
  readonly name: string | null;
  /** Only of interests. */
  readonly group: string | null;
  readonly version: number;
}

const COLUMNS = 'n.id::text, n.place, n.name, n."group", n.version';
const LISTED = 'n.account = $1 AND n.kind = $2 AND n.place = $3';

export function listNames(
  queries: Queries,
  { account, kind, place }: NameList,
  { start, limit }: PageRequest,
): Promise<NameRow[]> {
  return queries.query<NameRow>(
    `SELECT ${COLUMNS} FROM config.names n WHERE ${LISTED} ORDER BY n.id OFFSET $4 LIMIT $5`,
    [account, kind, place, start, limit],
  );
}

export async function countNames(queries: Queries, { account, kind, place }: NameList): Promise<number> {
  const [row] = await queries.query<{ total: string }>(`SELECT count(*) AS total FROM config.names n WHERE ${LISTED}`, [
    account,
    kind,
    place,
  ]);
  return Number(row?.total ?? 0);
}

/** With `lock` nobody else changes it until the end of the transaction. */
export async function findName(
  queries: Queries,
  { account, kind, id }: NameKey,
  lock?: 'lock',
): Promise<NameRow | undefined> {
  const [row] = await queries.query<NameRow>(
    `SELECT ${COLUMNS} FROM config.names n WHERE n.account = $1 AND n.kind = $2 AND n.id = $3
     ${lock === undefined ? '' : 'FOR UPDATE'}`,
    [account, kind, id],
  );
  return row;
}

/** Adds a name under the next free id. A name that is there already violates `names_unique`. */
export async function insertName(
  queries: Queries,
  { account, kind, place }: NameList,
  { name, group }: { readonly name: string; readonly group?: string | null | undefined },
): Promise<NameRow> {
  for (;;) {
    const [made] = await queries.query<NameRow>(
      `INSERT INTO config.names AS n (account, kind, place, id, name, "group")
       VALUES ($1, $2, $3, nextval('config.name_ids'), $4, $5)
       ON CONFLICT (account, kind, id) DO NOTHING RETURNING ${COLUMNS}`,
      [account, kind, place, name, group ?? null],
    );
    // Otherwise the id is taken: producers give out ids of their own.
    if (made !== undefined) return made;
  }
}

/** Adds or renames what has an id. Undefined when it is in another place. */
export async function putName(
  queries: Queries,
  { account, kind, place }: NameList,
  { id, name }: { readonly id: number; readonly name: string },
): Promise<(NameRow & { readonly isNew: boolean }) | undefined> {
  const [row] = await queries.query<NameRow & { isNew: boolean }>(
    `INSERT INTO config.names AS n (account, kind, place, id, name) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (account, kind, id) DO UPDATE SET name = EXCLUDED.name, version = n.version + 1
     WHERE n.place = EXCLUDED.place RETURNING ${COLUMNS}, n.xmax = 0 AS "isNew"`,
    [account, kind, place, id, name],
  );
  return row;
}

/** What is absent stays. Undefined when there is no such name. */
export async function changeName(
  queries: Queries,
  { account, kind, id }: NameKey,
  { name, group }: { readonly name?: string | undefined; readonly group?: string | null | undefined },
): Promise<NameRow | undefined> {
  const [row] = await queries.query<NameRow>(
    `UPDATE config.names n SET name = coalesce($4, n.name), "group" = CASE WHEN $5 THEN $6 ELSE n."group" END,
       version = n.version + 1
     WHERE n.account = $1 AND n.kind = $2 AND n.id = $3 RETURNING ${COLUMNS}`,
    [account, kind, id, name ?? null, group !== undefined, group ?? null],
  );
  return row;
}

const GIVEN = 'jsonb_to_recordset($1) AS m(account text, kind text, id bigint, place text, name text, "group" text)';

/**
 * Adds what was mentioned and is not there yet, as far as there is room for `most` names of a kind in each place. What belongs to
 * accounts that are gone is left out.
 */
export async function insertMentions(queries: Queries, mentions: readonly Mention[], most: number): Promise<void> {
  const given = JSON.stringify(mentions);
  await queries.query(
    `INSERT INTO config.names (account, kind, place, id, name, "group")
     SELECT m.account, m.kind, m.place, coalesce(m.id, nextval('config.name_ids')), m.name, m."group"
     FROM (
       SELECT m.*, row_number() OVER (PARTITION BY m.account, m.kind, m.place) AS nth
       FROM ${GIVEN} JOIN config.accounts a ON a.id = m.account
       WHERE NOT EXISTS (SELECT FROM config.names n WHERE n.account = m.account AND n.kind = m.kind AND n.id = m.id)
         AND NOT EXISTS (
           SELECT FROM config.names n WHERE n.account = m.account AND n.kind = m.kind AND n.place = m.place AND n.name = m.name)
     ) m
     WHERE m.nth + (
       SELECT count(*) FROM config.names n WHERE n.account = m.account AND n.kind = m.kind AND n.place = m.place
     ) <= $2
     ON CONFLICT DO NOTHING`,
    [given, most],
  );
  // Events may name the group of an interest later than the interest.
  await queries.query(
    `UPDATE config.names n SET "group" = m."group", version = n.version + 1 FROM ${GIVEN}
     WHERE n.account = m.account AND n.kind = 'interest' AND m.kind = 'interest' AND n.place = m.place
       AND n.name = m.name AND n."group" IS NULL AND m."group" IS NOT NULL`,
    [given],
  );
}
