import { randomUUID } from 'node:crypto';
import { hashToken } from '@postduif/access';
import { configKey, SCOPES } from '@postduif/contracts';
import type { AccountSnapshot, Scope } from '@postduif/contracts';
import type { Access, JwtSubject } from '@postduif/access';
import { recordChange } from '../audit/record-change.js';
import type { Database, Queries } from '../database/database.js';
import { publish } from '../outbox/outbox.js';
import type { Snapshot } from '../outbox/outbox.js';
import type { Bootstrap } from '../settings.js';
import type { ChosenPace } from '../webhooks/pace.js';
import { copernicaIdOf } from './copernica-id.js';

export interface AccountRow extends ChosenPace {
  readonly id: string;
  readonly name: string;
  readonly copernicaId: string;
  readonly version: number;
  readonly tokens: AccountSnapshot['tokens'];
}

const SELECT = `
  SELECT id, name, copernica_id AS "copernicaId", schedule, concurrency, rate, version, ARRAY(
    SELECT json_strip_nulls(json_build_object('id', token.id, 'hash', token.hash, 'scopes', token.scopes,
      'expiresAt', to_char(token.expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')))
    FROM config.api_tokens token WHERE token.account = account.id ORDER BY token.created_at, token.id
  ) AS tokens
  FROM config.accounts account`;

const VALID = '(expires_at IS NULL OR expires_at > now())';

/** Accounts and their API tokens. */
export class AccountStore {
  constructor(private readonly database: Database) {}

  /** What an API token gives; `undefined` when there is no such token, or it has expired. Looked up by hash, so timing tells nothing. */
  async accessOf(token: string): Promise<Access | undefined> {
    this.database.requireOpen();
    const [row] = await this.database.query<{ account: string; token: string; scopes: Scope[] }>(
      `SELECT account, id AS token, scopes FROM config.api_tokens WHERE hash = $1 AND ${VALID}`,
      [hashToken(token)],
    );
    return row;
  }

  /** The same of the token that a JWT stands for. */
  async accessOfSubject({ account, token }: JwtSubject): Promise<Access | undefined> {
    const [row] = await this.database.query<{ account: string; token: string; scopes: Scope[] }>(
      `SELECT account, id AS token, scopes FROM config.api_tokens WHERE account = $1 AND id = $2 AND ${VALID}`,
      [account, token],
    );
    return row;
  }

  /** Undefined when there is no such account. */
  find(id: string): Promise<AccountRow | undefined> {
    return findAccount(this.database, id);
  }

  /** Value of `X-Copernica-ID` in requests for this account. */
  async copernicaId(account: string): Promise<string> {
    const [row] = await this.database.query<{ copernicaId: string }>(
      'SELECT copernica_id AS "copernicaId" FROM config.accounts WHERE id = $1',
      [account],
    );
    return row?.copernicaId ?? copernicaIdOf(account);
  }

  /**
   * Makes an account and its token, with all scopes, where they do not exist. Returns whether anything changed. Throws when the
   * token belongs to another account.
   */
  bootstrap({ account, name, token }: Bootstrap): Promise<boolean> {
    const hash = hashToken(token);
    return this.database.transaction(async (transaction) => {
      const made = await transaction.query(
        `INSERT INTO config.accounts (id, name, copernica_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING id`,
        [account, name, copernicaIdOf(account)],
      );
      const added = await transaction.query<{ id: string; version: number }>(
        // There may be more scopes than when the token was made.
        `INSERT INTO config.api_tokens AS token (id, account, hash, scopes, name) VALUES ($1, $2, $3, $4, 'bootstrap')
         ON CONFLICT (hash) DO UPDATE SET scopes = EXCLUDED.scopes, version = token.version + 1
         WHERE token.account = EXCLUDED.account AND token.scopes IS DISTINCT FROM EXCLUDED.scopes RETURNING id, version`,
        [randomUUID(), account, hash, SCOPES],
      );
      if (added.length === 0) await requireOwner(transaction, hash, account);
      if (made.length + added.length === 0) return false;
      if (made.length === 0)
        await transaction.query('UPDATE config.accounts SET version = version + 1 WHERE id = $1', [account]);
      await publishAccount(transaction, account);
      await recordBootstrap(transaction, account, made.length > 0, added);
      return true;
    });
  }

  /** All accounts, in parts, in the order of their ids. */
  async *snapshots(): AsyncIterable<Snapshot[]> {
    for (let after = ''; ;) {
      const rows = await this.database.query<AccountRow>(`${SELECT} WHERE id > $1 ORDER BY id LIMIT 500`, [after]);
      const last = rows.at(-1);
      if (last === undefined) return;
      yield rows.map(snapshotOf);
      after = last.id;
    }
  }
}

async function recordBootstrap(
  transaction: Queries,
  account: string,
  isNew: boolean,
  tokens: readonly { readonly id: string; readonly version: number }[],
): Promise<void> {
  if (isNew) await recordChange(transaction, { account, entity: 'account', id: account, after: { id: account } });
  for (const { id, version } of tokens) {
    const before = version === 1 ? undefined : { id, name: 'bootstrap' };
    const after = { id, name: 'bootstrap', scopes: SCOPES };
    await recordChange(transaction, { account, entity: 'token', id, before, after });
  }
}

async function requireOwner(queries: Queries, hash: string, account: string): Promise<void> {
  const [owner] = await queries.query<{ account: string }>('SELECT account FROM config.api_tokens WHERE hash = $1', [
    hash,
  ]);
  if (owner?.account !== account)
    throw new Error('BOOTSTRAP_TOKEN belongs to another account than BOOTSTRAP_ACCOUNT; use another token');
}

export async function findAccount(queries: Queries, id: string): Promise<AccountRow | undefined> {
  const [row] = await queries.query<AccountRow>(`${SELECT} WHERE id = $1`, [id]);
  return row;
}

/** Puts the snapshot of an account into the outbox, in the transaction that has changed it. */
export async function publishAccount(transaction: Queries, id: string): Promise<AccountRow | undefined> {
  const row = await findAccount(transaction, id);
  if (row !== undefined) await publish(transaction, snapshotOf(row));
  return row;
}

function snapshotOf({ id, name, copernicaId, version, tokens }: AccountRow): Snapshot {
  return { key: configKey('account', id), value: { kind: 'account', version, id, name, tokens, copernicaId } };
}
