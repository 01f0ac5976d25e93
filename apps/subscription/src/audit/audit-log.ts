import { ApiError } from '@postduif/contracts';
import type { AuditEntry, AuditQuery } from '@postduif/contracts';
import type { Queries } from '../database/database.js';

interface AuditRow {
  readonly id: string;
  readonly at: Date;
  readonly entity: AuditEntry['entity'];
  readonly entityId: string;
  readonly action: AuditEntry['action'];
  readonly channel: AuditEntry['actor']['channel'];
  readonly token: string | null;
  readonly credential: AuditEntry['actor']['credential'];
  readonly request: string | null;
  readonly before: AuditEntry['before'];
  readonly after: AuditEntry['after'];
}

const ID = /^[1-9]\d{0,17}$/;
/** Rows that one statement deletes: it must end long before its time is over. */
const DELETED_AT_ONCE = 10_000;

/** What was changed in the configuration, when, and by whom. */
export class AuditLog {
  /** @param keepDays how long entries are kept */
  constructor(
    private readonly database: Queries,
    private readonly keepDays: number,
  ) {}

  /** A page of an account's changes, the newest first. */
  async list(
    account: string,
    { entity, id, actor, since, until, limit, cursor }: AuditQuery,
  ): Promise<{ readonly data: AuditEntry[]; readonly next: string | null }> {
    const rows = await this.database.query<AuditRow>(
      `SELECT id::text, at, entity, entity_id AS "entityId", action, channel, token, credential, request, before, after
       FROM config.audit change
       WHERE account = $1 AND ($2::text IS NULL OR entity = $2) AND ($3::text IS NULL OR entity_id = $3)
         AND ($4::text IS NULL OR coalesce(token, channel) = $4)
         AND ($5::timestamptz IS NULL OR at >= $5) AND ($6::timestamptz IS NULL OR at < $6)
         AND ($7::bigint IS NULL OR id < $7)
       ORDER BY change.id DESC LIMIT $8`,
      [account, entity ?? null, id ?? null, actor ?? null, time(since), time(until), lastSeen(cursor), limit + 1],
    );
    const page = rows.slice(0, limit);
    const last = rows.length > limit ? page.at(-1) : undefined;
    return { data: page.map(toEntry), next: last === undefined ? null : Buffer.from(last.id).toString('base64url') };
  }

  /** Forgets what is older than it may become. Call it regularly. */
  async prune(): Promise<void> {
    let gone: unknown[];
    do
      gone = await this.database.query(
        `DELETE FROM config.audit WHERE id IN (
           SELECT id FROM config.audit WHERE at < now() - make_interval(days => $1) LIMIT $2) RETURNING id`,
        [this.keepDays, DELETED_AT_ONCE],
      );
    while (gone.length === DELETED_AT_ONCE);
  }
}

function toEntry({ at, channel, token, credential, ...row }: AuditRow): AuditEntry {
  return { ...row, at: at.toISOString(), actor: { channel, token, credential } };
}

function time(milliseconds: number | undefined): string | null {
  return milliseconds === undefined ? null : new Date(milliseconds).toISOString();
}

function lastSeen(cursor: string | undefined): string | null {
  if (cursor === undefined) return null;
  const id = Buffer.from(cursor, 'base64url').toString();
  if (ID.test(id)) return id;
  const message = 'is not a cursor of this list; use `next` of an earlier answer as it is, or leave it out';
  throw new ApiError('invalid_request', 'The cursor is not valid.', { errors: [{ path: 'cursor', message }] });
}
