import type { Access } from '@postduif/access';
import { ApiError } from '@postduif/contracts';
import type { AccountView, UpdateAccount } from '@postduif/contracts';
import { recordChange } from '../audit/record-change.js';
import { entityTag, unconditional } from '../changes/precondition.js';
import type { Precondition } from '../changes/precondition.js';
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

  async get({ account }: Access): Promise<AccountRow> {
    return found(await findAccount(this.database, account));
  }

  async view(caller: Access): Promise<AccountView> {
    return toAccountView(await this.get(caller));
  }

  /** What is absent stays. */
  async change(
    { account, token }: Access,
    given: UpdateAccount,
    precondition: Precondition = unconditional,
  ): Promise<AccountView> {
    const changed = await this.database.transaction(async (transaction) => {
      await transaction.query('SELECT FROM config.accounts WHERE id = $1 FOR NO KEY UPDATE', [account]);
      const row = found(await findAccount(transaction, account));
      precondition(entityTag(row.version));
      const before = toAccountView(row);
      await transaction.query(
        'UPDATE config.accounts SET name = $2, copernica_id = $3, version = version + 1 WHERE id = $1',
        [account, given.name ?? before.name, copernicaIdOf(account, given.copernicaId ?? before.copernicaId)],
      );
      const after = toAccountView(found(await publishAccount(transaction, account)));
      await recordChange(transaction, { account, entity: 'account', id: account, before, after });
      return after;
    });
    this.log.info({ account, token }, 'account changed');
    return changed;
  }
}

export function toAccountView({ id, name, copernicaId }: Pick<AccountRow, 'id' | 'name' | 'copernicaId'>): AccountView {
  return { id, name, copernicaId: partsOf(id, copernicaId) };
}

function found(row: AccountRow | undefined): AccountRow {
  if (row === undefined) throw new ApiError('not_found');
  return row;
}
