import type { Access } from '@postduif/access';
import { ApiError } from '@postduif/contracts';
import { recordChange } from '../audit/record-change.js';
import type { RecordedState } from '../audit/record-change.js';
import { entityTag, unconditional } from '../changes/precondition.js';
import type { Precondition } from '../changes/precondition.js';
import type { Database } from '../database/database.js';
import { checkRecord } from '../dns/record-check.js';
import type { TxtRecords } from '../dns/txt-records.js';
import type { Log } from '../log.js';
import { sayChanges } from '../signing-keys/key-rotation.js';
import type { SigningKeyStore } from '../signing-keys/signing-key-store.js';
import type { Webhooks } from '../webhooks/webhooks.js';
import { isUnder, parseDomain } from './domain-name.js';
import { expectedRecord, newToken } from './domain-record.js';
import * as rows from './domain-rows.js';
import type { Domain } from './domain-rows.js';

export interface DomainsOptions {
  readonly database: Database;
  readonly records: TxtRecords;
  readonly webhooks: Pick<Webhooks, 'followDomains'>;
  readonly keys: Pick<SigningKeyStore, 'release'>;
  readonly now: () => Date;
  readonly log: Log;
}

const CHECK_EVERY_MS = 24 * 3_600_000;
const CHECKS_AT_ONCE = 20;

/**
 * Domains that an account proves to be its own by a DNS record; handlers there need no verification file (spec section 7.2).
 * Domains are given as people write them. What is not there is `not_found`.
 */
export class Domains {
  constructor(private readonly options: DomainsOptions) {}

  /** Asked for again, a domain keeps its record. */
  async add({ account, token }: Access, text: string): Promise<{ readonly domain: Domain; readonly isNew: boolean }> {
    const { database, log } = this.options;
    const name = parseDomain(text);
    const added = await database.transaction(async (transaction) => {
      const made = await rows.insertDomain(transaction, account, name, newToken());
      if (made !== undefined)
        await recordChange(transaction, { account, entity: 'domain', id: name, after: recorded(made) });
      return made;
    });
    if (added === undefined) return { domain: await this.get({ account }, name), isNew: false };
    log.info({ account, token, domain: name }, 'domain added');
    return { domain: added, isNew: true };
  }

  list({ account }: Pick<Access, 'account'>): Promise<Domain[]> {
    return rows.listDomains(this.options.database, account);
  }

  async get({ account }: Pick<Access, 'account'>, text: string): Promise<Domain> {
    return found(await rows.findDomain(this.options.database, account, parseDomain(text)));
  }

  /** Looks into DNS now. The account's webhooks follow at once; a record that has vanished takes nothing back. */
  async validate({ account, token }: Access, text: string): Promise<Domain> {
    const { database, records, webhooks, now, log } = this.options;
    const domain = await this.get({ account }, text);
    const check = await checkRecord(records, expectedRecord(domain), now());
    const validatedAt = check.state === 'valid' ? now() : null;
    const { after, followed } = await database.transaction(async (transaction) => {
      await rows.lockDomains(transaction, account);
      const noted = found(await rows.noteCheck(transaction, domain, check, validatedAt));
      if (domain.validatedAt === null && noted.validatedAt !== null) {
        const states = { before: recorded(domain), after: recorded(noted) };
        await recordChange(transaction, { account, entity: 'domain', id: noted.domain, ...states });
      }
      return { after: noted, followed: await webhooks.followDomains(transaction, account) };
    });
    const { state, error } = check;
    log.info({ account, token, domain: domain.domain, state, error, webhooks: followed }, 'domain looked for in DNS');
    return after;
  }

  /** Webhooks that need another proof from now on, and signing keys under the domain, are out of use at once. */
  async delete({ account, token }: Access, text: string, precondition: Precondition = unconditional): Promise<void> {
    const { database, webhooks, keys, now, log } = this.options;
    const name = parseDomain(text);
    const { followed, changes } = await database.transaction(async (transaction) => {
      await rows.lockDomains(transaction, account);
      const domain = found(await rows.findDomain(transaction, account, name));
      precondition(tagOf(domain));
      await rows.deleteDomain(transaction, account, name);
      await recordChange(transaction, { account, entity: 'domain', id: name, before: recorded(domain) });
      const left = (await rows.validatedDomains(transaction, account)).get(account) ?? [];
      const maySign = (signing: string) => left.some((domain) => isUnder(signing, domain));
      return {
        followed: await webhooks.followDomains(transaction, account),
        changes: await keys.release(transaction, account, maySign, now()),
      };
    });
    log.info({ account, token, domain: name, webhooks: followed }, 'domain deleted');
    sayChanges(log, changes);
  }

  /** Looks daily whether the records of validated domains are still there, and warns when not. Call it regularly. */
  async recheck(): Promise<void> {
    const { database, now } = this.options;
    const before = new Date(now().getTime() - CHECK_EVERY_MS);
    for (;;) {
      const due = await rows.domainsToCheck(database, before, CHECKS_AT_ONCE);
      await Promise.all(due.map((domain) => this.#recheck(domain)));
      if (due.length < CHECKS_AT_ONCE) return;
    }
  }

  async #recheck(domain: Domain): Promise<void> {
    const { database, records, now, log } = this.options;
    const check = await checkRecord(records, expectedRecord(domain), now());
    await rows.noteCheck(database, domain, check, null);
    const { state, error } = check;
    if (state !== 'valid')
      log.warn(
        { account: domain.account, domain: domain.domain, state, error },
        'the record of a validated domain was not found; the domain stays validated',
      );
  }
}

/** A domain that is deleted and added again begins anew. */
export function tagOf({ version, createdAt }: Domain): string {
  return entityTag(version, createdAt);
}

function recorded({ domain, validatedAt }: Domain): RecordedState {
  return { domain, validated: validatedAt !== null };
}

function found(domain: Domain | undefined): Domain {
  if (domain === undefined) throw new ApiError('not_found', 'The account has no such domain.');
  return domain;
}
