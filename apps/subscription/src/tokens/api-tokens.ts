import { randomUUID } from 'node:crypto';
import { createToken, hashToken } from '@postduif/access';
import type { Access } from '@postduif/access';
import { ApiError } from '@postduif/contracts';
import type { CreatedToken, CreateToken, Scope, TokenView } from '@postduif/contracts';
import { publishAccount } from '../accounts/account-store.js';
import { recordChange } from '../audit/record-change.js';
import { entityTag, unconditional } from '../changes/precondition.js';
import type { Precondition } from '../changes/precondition.js';
import type { Database, Queries } from '../database/database.js';
import type { Log } from '../log.js';

export interface TokenRow {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
  readonly version: number;
}

const COLUMNS = 'id, name, scopes, created_at AS "createdAt", expires_at AS "expiresAt", version';

/** An account's API tokens. Each change is published, so that all services know of it within a second. */
export class ApiTokens {
  constructor(
    private readonly database: Database,
    private readonly now: () => Date,
    private readonly log: Log,
  ) {}

  /** Throws `forbidden` for more than the caller may do himself, and `invalid_request` for an end that has passed. */
  async create(caller: Access, { name, scopes, expiresAt }: CreateToken): Promise<CreatedToken> {
    const lacking = scopes.filter((scope) => !caller.scopes.includes(scope));
    if (lacking.length > 0)
      throw new ApiError('forbidden', `A token cannot give what it lacks itself: ${lacking.join(', ')}.`);
    if (expiresAt !== undefined && Date.parse(expiresAt) <= this.now().getTime())
      throw new ApiError('invalid_request', undefined, {
        errors: [{ path: 'expiresAt', message: 'must be in the future' }],
      });
    const token = createToken();
    const row = await this.#changing(caller.account, async (transaction) => {
      const [made] = await transaction.query<TokenRow>(
        `INSERT INTO config.api_tokens (id, account, hash, name, scopes, expires_at) VALUES ($1, $2, $3, $4, $5, $6)
         RETURNING ${COLUMNS}`,
        [randomUUID(), caller.account, hashToken(token), name, scopes, expiresAt ?? null],
      );
      if (made === undefined) throw new Error('no row for the token that was made');
      await this.#record(transaction, caller, { id: made.id, after: toTokenView(made) });
      return made;
    });
    this.#say(caller, row.id, 'token created');
    return { ...toTokenView(row), token };
  }

  /** Throws `not_found` when the account has no such token. */
  async get({ account }: Access, id: string): Promise<TokenRow> {
    return found(await findToken(this.database, account, id));
  }

  async list({ account }: Access): Promise<TokenView[]> {
    const rows = await this.database.query<TokenRow>(
      `SELECT ${COLUMNS} FROM config.api_tokens WHERE account = $1 ORDER BY created_at, id`,
      [account],
    );
    return rows.map(toTokenView);
  }

  /** From then on neither the token nor a JWT that stands for it is valid. */
  async revoke(caller: Access, id: string, precondition: Precondition = unconditional): Promise<void> {
    await this.#changing(caller.account, async (transaction) => {
      const token = found(await findToken(transaction, caller.account, id));
      precondition(entityTag(token.version));
      await transaction.query('DELETE FROM config.api_tokens WHERE account = $1 AND id = $2', [caller.account, id]);
      await this.#record(transaction, caller, { id, before: toTokenView(token) });
    });
    this.#say(caller, id, 'token revoked');
  }

  /** Publishes the account with what `change` has changed. */
  #changing<T>(account: string, change: (transaction: Queries) => Promise<T>): Promise<T> {
    return this.database.transaction(async (transaction) => {
      await transaction.query('SELECT FROM config.accounts WHERE id = $1 FOR NO KEY UPDATE', [account]);
      const changed = await change(transaction);
      await transaction.query('UPDATE config.accounts SET version = version + 1 WHERE id = $1', [account]);
      await publishAccount(transaction, account);
      return changed;
    });
  }

  #record(
    transaction: Queries,
    { account }: Access,
    change: { readonly id: string; readonly before?: TokenView; readonly after?: TokenView },
  ): Promise<void> {
    return recordChange(transaction, { account, entity: 'token', ...change });
  }

  #say({ account, token }: Access, id: string, what: string): void {
    this.log.info({ account, token, id }, what);
  }
}

async function findToken(queries: Queries, account: string, id: string): Promise<TokenRow | undefined> {
  const [row] = await queries.query<TokenRow>(
    `SELECT ${COLUMNS} FROM config.api_tokens WHERE account = $1 AND id = $2`,
    [account, id],
  );
  return row;
}

function found(row: TokenRow | undefined): TokenRow {
  if (row === undefined) throw new ApiError('not_found', 'The account has no such token.');
  return row;
}

export function toTokenView({ id, name, scopes, createdAt, expiresAt }: TokenRow): TokenView {
  return { id, name, scopes, createdAt: createdAt.toISOString(), expiresAt: expiresAt?.toISOString() ?? null };
}
