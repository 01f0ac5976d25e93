import { randomUUID } from 'node:crypto';
import { createToken, hashToken } from '@postduif/access';
import type { Access } from '@postduif/access';
import { ApiError } from '@postduif/contracts';
import type { CreatedToken, CreateToken, Scope, TokenView } from '@postduif/contracts';
import { publishAccount } from '../accounts/account-store.js';
import type { Database, Queries } from '../database/database.js';
import type { Log } from '../log.js';

interface TokenRow {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
}

const COLUMNS = 'id, name, scopes, created_at AS "createdAt", expires_at AS "expiresAt"';

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
    const row = await this.#changing(caller.account, (transaction) =>
      transaction.query<TokenRow>(
        `INSERT INTO config.api_tokens (id, account, hash, name, scopes, expires_at) VALUES ($1, $2, $3, $4, $5, $6)
         RETURNING ${COLUMNS}`,
        [randomUUID(), caller.account, hashToken(token), name, scopes, expiresAt ?? null],
      ),
    );
    if (row === undefined) throw new Error('no row for the token that was made');
    this.#say(caller, row.id, 'token created');
    return { ...toView(row), token };
  }

  async list({ account }: Access): Promise<TokenView[]> {
    const rows = await this.database.query<TokenRow>(
      `SELECT ${COLUMNS} FROM config.api_tokens WHERE account = $1 ORDER BY created_at, id`,
      [account],
    );
    return rows.map(toView);
  }

  /** From then on neither the token nor a JWT that stands for it is valid. */
  async revoke(caller: Access, id: string): Promise<void> {
    const row = await this.#changing(caller.account, (transaction) =>
      transaction.query<TokenRow>(`DELETE FROM config.api_tokens WHERE account = $1 AND id = $2 RETURNING ${COLUMNS}`, [
        caller.account,
        id,
      ]),
    );
    if (row === undefined) throw new ApiError('not_found', 'The account has no such token.');
    this.#say(caller, id, 'token revoked');
  }

  /** Publishes the account when `change` has changed something. */
  #changing(account: string, change: (transaction: Queries) => Promise<TokenRow[]>): Promise<TokenRow | undefined> {
    return this.database.transaction(async (transaction) => {
      await transaction.query('SELECT FROM config.accounts WHERE id = $1 FOR NO KEY UPDATE', [account]);
      const [row] = await change(transaction);
      if (row === undefined) return undefined;
      await transaction.query('UPDATE config.accounts SET version = version + 1 WHERE id = $1', [account]);
      await publishAccount(transaction, account);
      return row;
    });
  }

  #say({ account, token }: Access, id: string, what: string): void {
    this.log.info({ account, token, id }, what);
  }
}

function toView({ id, name, scopes, createdAt, expiresAt }: TokenRow): TokenView {
  return { id, name, scopes, createdAt: createdAt.toISOString(), expiresAt: expiresAt?.toISOString() ?? null };
}
