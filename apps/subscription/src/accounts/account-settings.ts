import type { Access } from '@postduif/access';
import { ApiError } from '@postduif/contracts';
import type { AccountView, UpdateAccount } from '@postduif/contracts';
import { recordChange } from '../audit/record-change.js';
import { entityTag, unconditional } from '../changes/precondition.js';
import type { Precondition } from '../changes/precondition.js';
import type { Database } from '../database/database.js';
import type { Log } from '../log.js';
import { checkedSchedule, paceOf } from '../webhooks/pace.js';
import type { ChosenPace } from '../webhooks/pace.js';
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
      const copernicaId = copernicaIdOf(account, given.copernicaId ?? before.copernicaId);
      const { schedule, concurrency, rate } = chosenPace(row, given.webhookDefaults);
      await transaction.query(
        `UPDATE config.accounts SET name = $2, copernica_id = $3, schedule = $4, concurrency = $5, rate = $6,
         version = version + 1 WHERE id = $1`,
        [account, given.name ?? row.name, copernicaId, schedule, concurrency, rate],
      );
      const after = toAccountView(found(await publishAccount(transaction, account)));
      await recordChange(transaction, { account, entity: 'account', id: account, before, after });
      return after;
    });
    this.log.info({ account, token }, 'account changed');
    return changed;
  }
}

export function toAccountView({ id, name, copernicaId, ...row }: Omit<AccountRow, 'version' | 'tokens'>): AccountView {
  return { id, name, copernicaId: partsOf(id, copernicaId), webhookDefaults: paceOf(row) };
}

/** What is absent stays; null goes back to the default. */
function chosenPace(before: ChosenPace, given: UpdateAccount['webhookDefaults'] = {}): ChosenPace {
  const { schedule = before.schedule, concurrency = before.concurrency, rate = before.rate } = given;
  return { schedule: schedule && checkedSchedule(schedule, 'webhookDefaults.schedule'), concurrency, rate };
}

function found(row: AccountRow | undefined): AccountRow {
  if (row === undefined) throw new ApiError('not_found');
  return row;
}
