import type { Access } from '@postduif/access';
import { ApiError } from '@postduif/contracts';
import type { AccountView, UpdateAccount } from '@postduif/contracts';
import type { Database } from '../database/database.js';
import type { Log } from '../log.js';
import { findAccount, publishAccount } from './account-store.js';
import type { AccountRow } from './account-store.js';
import { copernicaIdOf, partsOf } from './copernica-id.js';

/** What an account may see and change of itself. */
export class AccountSettings {
  constructor(
    private readonly database: Database,
    private readonly log: Log,
  ) {}

  async view({ account }: Access): Promise<AccountView> {
    return toAccountView(await findAccount(this.database, account));
  }

  /** What is absent stays. */
  async change({ account, token }: Access, given: UpdateAccount): Promise<AccountView> {
    const changed = await this.database.transaction(async (transaction) => {
      await transaction.query('SELECT FROM config.accounts WHERE id = $1 FOR NO KEY UPDATE', [account]);
      const { name, copernicaId } = toAccountView(await findAccount(transaction, account));
      await transaction.query(
        'UPDATE config.accounts SET name = $2, copernica_id = $3, version = version + 1 WHERE id = $1',
        [account, given.name ?? name, copernicaIdOf(account, given.copernicaId ?? copernicaId)],
      );
      return publishAccount(transaction, account);
    });
    this.log.info({ account, token }, 'account changed');
    return toAccountView(changed);
  }
}

export function toAccountView(row: Pick<AccountRow, 'id' | 'name' | 'copernicaId'> | undefined): AccountView {
  if (row === undefined) throw new ApiError('not_found');
  const { id, name, copernicaId } = row;
  return { id, name, copernicaId: partsOf(id, copernicaId) };
}
