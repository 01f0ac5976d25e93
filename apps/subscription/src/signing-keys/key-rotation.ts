import { checkRecord } from '../dns/record-check.js';
import type { RecordCheck } from '../dns/record-check.js';
import type { TxtRecords } from '../dns/txt-records.js';
import type { Log } from '../log.js';
import { expectedRecord, warningOf } from './key-view.js';
import type { RotationPolicy } from './rotation-policy.js';
import type { StoredKey } from './signing-key-rows.js';
import type { KeyChange, SigningKeyStore } from './signing-key-store.js';

export interface KeyRotationOptions {
  readonly store: SigningKeyStore;
  readonly records: TxtRecords;
  /** Where the installation's keys belong, `SIGNING_DOMAIN`. */
  readonly domain: string;
  readonly policy: RotationPolicy;
  readonly now: () => Date;
  readonly log: Log;
}

const LOOKS_AT_ONCE = 20;
const SAY_EVERY_MS = 24 * 3_600_000;
const MESSAGES: Readonly<Record<KeyChange['what'], string>> = {
  made: 'signing key made; its record has to be put into DNS',
  activated: 'signing key is used from now on',
  retired: 'signing key is not used any more; its record has to stay in DNS for a week',
  deleted: 'signing key deleted; its record may be taken out of DNS',
};

/**
 * Changes signing keys when their time has come. Instances need no leader: each change is a transaction that takes all steps which
 * are due, so whoever comes second finds nothing to do.
 */
export class KeyRotation {
  readonly #said = new Map<string, { readonly warning: string; readonly at: number }>();

  constructor(private readonly options: KeyRotationOptions) {}

  /** Takes the steps that need no look into DNS: at the start, which must not wait for name servers. */
  async prepare(): Promise<void> {
    await this.#advance(new Map());
  }

  /** Looks into DNS for the keys whose time it is, then takes the steps that are due. Call it regularly. */
  async run(): Promise<void> {
    await this.#advance(this.options.policy.dnsCheck === 'required' ? await this.#look() : new Map());
    this.#warn(await this.options.store.list());
  }

  async #advance(checks: ReadonlyMap<string, RecordCheck>): Promise<void> {
    const { store, policy, domain, now, log } = this.options;
    for (const owner of await store.owners()) {
      const given = owner === null ? domain : undefined;
      sayChanges(log, await store.advance(owner, given, { now: now(), policy, checks }));
    }
  }

  async #look(): Promise<Map<string, RecordCheck>> {
    const { store, records, policy, now } = this.options;
    const due = (await store.list()).filter(
      ({ dns }) => dns === null || now().getTime() - Date.parse(dns.at) >= policy.checkEveryMs,
    );
    const found = new Map<string, RecordCheck>();
    for (let at = 0; at < due.length; at += LOOKS_AT_ONCE)
      await Promise.all(
        due.slice(at, at + LOOKS_AT_ONCE).map(async (key) => {
          found.set(key.id, await checkRecord(records, expectedRecord(key), now()));
        }),
      );
    return found;
  }

  /** Each warning when it is new, and then once a day. */
  #warn(keys: readonly StoredKey[]): void {
    const { policy, now, log } = this.options;
    const at = now().getTime();
    const before = new Map(this.#said);
    this.#said.clear();
    for (const key of keys) {
      const warning = warningOf(key, policy);
      if (warning === null) continue;
      const said = before.get(key.id);
      const isNew = said?.warning !== warning || at - said.at >= SAY_EVERY_MS;
      const { keyId, account, state, dns } = key;
      if (isNew) log.warn({ keyId, account, state, dns: dns?.state, error: dns?.error }, warning);
      this.#said.set(key.id, isNew ? { warning, at } : said);
    }
  }
}

/** A line in the log for each change. */
export function sayChanges(log: Log, changes: readonly KeyChange[]): void {
  for (const { what, keyId, account } of changes) log.info({ keyId, account }, MESSAGES[what]);
}
