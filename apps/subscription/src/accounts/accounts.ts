import { randomUUID } from 'node:crypto';
import { createToken, hashToken } from '@postduif/access';
import type { Access } from '@postduif/access';
import { ApiError, OPERATOR_SCOPES, SCOPES } from '@postduif/contracts';
import type { AccountView, CreateAccount, CreatedAccount, Page } from '@postduif/contracts';
import { recordChange } from '../audit/record-change.js';
import type { Database } from '../database/database.js';
import type { Log } from '../log.js';
import { pageOf } from '../v4/pages.js';
import type { PageRequest } from '../v4/pages.js';
import { toAccountView } from './account-settings.js';
import { publishAccount } from './account-store.js';
import type { AccountRow } from './account-store.js';
import { copernicaIdOf } from './copernica-id.js';

/** What a new account's first token may do: everything within the account. */
const FIRST_SCOPES = SCOPES.filter((scope) => !OPERATOR_SCOPES.some((operator) => operator === scope));

/** All accounts of the installation, for its operator. */
export class Accounts {
  constructor(
    private readonly database: Database,
    private readonly log: Log,
  ) {}

  async list({ start, limit }: PageRequest): Promise<Page<AccountView>> {
    const [rows, [counted]] = await Promise.all([
      this.database.query<Omit<AccountRow, 'version' | 'tokens'>>(
        `SELECT id, name, copernica_id AS "copernicaId", schedule, concurrency, rate
         FROM config.accounts ORDER BY id OFFSET $1 LIMIT $2`,
        [start, limit],
      ),
      this.database.query<{ total: string }>('SELECT count(*) AS total FROM config.accounts'),
    ]);
    return pageOf({ start, limit }, rows.map(toAccountView), Number(counted?.total ?? 0));
  }

  /** Makes an account with a first token, which is shown only now. Throws `account_exists`. */
  async create({ account: by, token: byToken }: Access, { id, name }: CreateAccount): Promise<CreatedAccount> {
    const token = createToken();
    const made = await this.database.transaction(async (transaction) => {
      const added = await transaction.query(
        'INSERT INTO config.accounts (id, name, copernica_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING id',
        [id, name, copernicaIdOf(id)],
      );
      if (added.length === 0) throw new ApiError('account_exists');
      await transaction.query(
        `INSERT INTO config.api_tokens (id, account, hash, scopes, name) VALUES ($1, $2, $3, $4, 'first')`,
        [randomUUID(), id, hashToken(token), FIRST_SCOPES],
      );
      await recordChange(transaction, { account: id, entity: 'account', id, after: { id, name } });
      return publishAccount(transaction, id);
    });
    this.log.info({ account: by, token: byToken, created: id }, 'account created');
    if (made === undefined) throw new Error('no row for the account that was made');
    return { ...toAccountView(made), token };
  }
}
