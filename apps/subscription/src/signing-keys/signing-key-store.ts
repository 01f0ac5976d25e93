import { createPrivateKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { ApiError, configKey } from '@postduif/contracts';
import { generateSigningKey, open, seal } from '@postduif/signing';
import type { EncryptionKeys } from '@postduif/signing';
import { recordChange } from '../audit/record-change.js';
import type { RecordedState } from '../audit/record-change.js';
import type { Database, Queries } from '../database/database.js';
import type { RecordCheck } from '../dns/record-check.js';
import { publish, publishRemoval } from '../outbox/outbox.js';
import type { Snapshot } from '../outbox/outbox.js';
import type { RotationPolicy } from './rotation-policy.js';
import { nextStep, sightingAfter } from './rotation.js';
import type { ActiveKey, Step } from './rotation.js';
import { selectors } from './selectors.js';
import { activeFrom, isActive, retiredFrom } from './signing-key.js';
import { deleteKey, nextKeyId, selectKeys, snapshotOf, storeKey } from './signing-key-rows.js';
import type { Owner, StoredKey } from './signing-key-rows.js';

/** What has become of a key. */
export interface KeyChange {
  readonly what: 'made' | 'activated' | 'retired' | 'deleted';
  readonly keyId: string;
  readonly account: Owner;
}

export interface Advance {
  readonly now: Date;
  readonly policy: RotationPolicy;
  /** What was found in DNS, by the key's id. */
  readonly checks: ReadonlyMap<string, RecordCheck>;
}

/** Any number that nobody else in this database uses; `sign` in ASCII. */
const KEY_LOCK = 0x7369676e;
const OWNED = 'account IS NOT DISTINCT FROM $1::text';

/** The keys that sign requests. Every change is a transaction; instances take turns. */
export class SigningKeyStore {
  constructor(
    private readonly database: Database,
    private readonly encryptionKeys: EncryptionKeys,
  ) {}

  /** All keys, or those that an account may see, in the order of their ids. */
  list(account?: string): Promise<StoredKey[]> {
    this.database.requireOpen();
    return selectKeys(this.database, '$1::text IS NULL OR account IS NULL OR account = $1', [account ?? null]);
  }

  /** The key to sign with now for an account. Throws `signing_key_not_active`. */
  async active(account: string): Promise<{ readonly keyId: string; readonly privateKey: KeyObject }> {
    const keys = await selectKeys(this.database, `state = 'active' AND (account IS NULL OR account = $1)`, [account]);
    const key = keys.find((one) => one.account === account) ?? keys[0];
    if (key === undefined) throw new ApiError('signing_key_not_active', undefined, { retryAfterSeconds: 60 });
    return { keyId: key.keyId, privateKey: this.#privateKeyOf(key) };
  }

  /** Throws a `SigningError` when the keys in use cannot be opened. */
  async requireReadable(): Promise<void> {
    for (const key of await selectKeys(this.database, `state <> 'retired' AND account IS NULL`))
      this.#privateKeyOf(key);
  }

  /** The installation, and the accounts that have keys of their own. */
  async owners(): Promise<Owner[]> {
    const rows = await this.database.query<{ account: string }>(
      'SELECT DISTINCT account FROM config.signing_keys WHERE account IS NOT NULL ORDER BY account',
    );
    return [null, ...rows.map(({ account }) => account)];
  }

  /**
   * Notes what was found in DNS and takes all steps that are due for the keys of one owner.
   *
   * @param domain where new keys belong; of an account it is that of its newest key
   */
  advance(owner: Owner, domain: string | undefined, { now, policy, checks }: Advance): Promise<KeyChange[]> {
    return this.database.transaction(async (transaction) => {
      await lock(transaction);
      let keys = await this.#noteChecks(transaction, owner, checks, policy);
      const wanted = domain ?? keys.findLast(({ state }) => state !== 'retired')?.domain;
      const changes: KeyChange[] = [];
      for (let step = nextStep(keys, wanted, now, policy); step !== undefined;) {
        changes.push(...(await this.#take(transaction, owner, step, now)));
        keys = await selectKeys(transaction, OWNED, [owner]);
        step = nextStep(keys, wanted, now, policy);
      }
      return changes;
    });
  }

  /**
   * Makes the next key of an account under a domain, in place of a next key under another; returns the key that there is when it
   * has one under this domain.
   *
   * @param check called first in the transaction; throws when the account may not sign under the domain
   */
  create(
    account: string,
    domain: string,
    now: Date,
    check: (transaction: Queries) => Promise<void>,
  ): Promise<{ readonly key: StoredKey; readonly isNew: boolean }> {
    return this.database.transaction(async (transaction) => {
      await check(transaction);
      await lock(transaction);
      const keys = await selectKeys(transaction, `${OWNED} AND state <> 'retired'`, [account]);
      const newest = keys.at(-1);
      if (newest?.domain === domain) return { key: newest, isNew: false };
      const next = keys.find(({ state }) => state === 'next');
      if (next !== undefined) await remove(transaction, next);
      return { key: await this.#make(transaction, account, domain, now), isNew: true };
    });
  }

  /**
   * Stops signing with an account's keys under domains where it may not do so any more; the installation's key takes over. For a
   * transaction that has locked the account.
   */
  async release(
    transaction: Queries,
    account: string,
    maySign: (domain: string) => boolean,
    now: Date,
  ): Promise<KeyChange[]> {
    await lock(transaction);
    const changes: KeyChange[] = [];
    for (const key of await selectKeys(transaction, OWNED, [account])) {
      if (key.state === 'retired' || maySign(key.domain)) continue;
      changes.push(await (isActive(key) ? retire(transaction, key, now) : remove(transaction, key)));
    }
    return changes;
  }

  /** Active keys first: who reads in this order never misses one while they change. */
  async *snapshots(): AsyncIterable<Snapshot[]> {
    const keys = await selectKeys(this.database);
    const [active, others] = [true, false].map((is) => keys.filter(({ state }) => (state === 'active') === is));
    yield [...(active ?? []), ...(others ?? [])].map(snapshotOf);
  }

  async #noteChecks(
    transaction: Queries,
    owner: Owner,
    checks: Advance['checks'],
    policy: RotationPolicy,
  ): Promise<StoredKey[]> {
    const keys: StoredKey[] = [];
    for (const key of await selectKeys(transaction, OWNED, [owner])) {
      const check = checks.get(key.id);
      const seen = check === undefined ? key : { ...key, ...sightingAfter(key, check, policy) };
      if (check !== undefined) await storeKey(transaction, seen);
      keys.push(seen);
    }
    return keys;
  }

  async #take(transaction: Queries, owner: Owner, step: Step<StoredKey>, now: Date): Promise<KeyChange[]> {
    switch (step.does) {
      case 'make':
        return [changeOf(await this.#make(transaction, owner, step.domain, now), 'made')];
      case 'delete':
        return [await remove(transaction, step.key)];
      case 'activate':
        return activate(transaction, step.key, step.former, now);
    }
  }

  async #make(transaction: Queries, account: Owner, domain: string, now: Date): Promise<StoredKey> {
    const id = await nextKeyId(transaction);
    const keyId = await freeName(transaction, domain, now);
    const { privateKey, publicKey } = await generateSigningKey();
    const key: StoredKey = {
      ...{ id, account, domain, keyId, createdAt: now, version: 1 },
      ...{ state: 'next', activatedAt: null, retiredAt: null },
      ...{ visibleSince: null, seenAt: null, dns: null },
      publicKey: pem(publicKey, 'spki'),
      privateKey: seal(this.encryptionKeys, pem(privateKey, 'pkcs8'), configKey('signing-key', id)),
    };
    await storeKey(transaction, key);
    await publish(transaction, snapshotOf(key));
    await record(transaction, undefined, key);
    return key;
  }

  #privateKeyOf({ id, privateKey }: StoredKey): KeyObject {
    return createPrivateKey(open(this.encryptionKeys, privateKey, configKey('signing-key', id)).toString('utf8'));
  }
}

async function lock(transaction: Queries): Promise<void> {
  await transaction.query('SELECT pg_advisory_xact_lock($1)', [KEY_LOCK]);
}

/** The successor is published before its predecessor retires: a reader in between knows both. */
async function activate(
  transaction: Queries,
  key: StoredKey,
  former: ActiveKey<StoredKey> | undefined,
  now: Date,
): Promise<KeyChange[]> {
  const young = { ...key, ...activeFrom(now), version: key.version + 1 };
  if (former === undefined) {
    await storeKey(transaction, young);
    await publish(transaction, snapshotOf(young));
    await record(transaction, key, young);
    return [changeOf(young, 'activated')];
  }
  const old = { ...former, ...retiredFrom(former, now), version: former.version + 1 };
  for (const one of [old, young]) await storeKey(transaction, one);
  for (const one of [young, old]) await publish(transaction, snapshotOf(one));
  await record(transaction, key, young);
  await record(transaction, former, old);
  return [changeOf(young, 'activated'), changeOf(old, 'retired')];
}

async function retire(transaction: Queries, key: ActiveKey<StoredKey>, now: Date): Promise<KeyChange> {
  const old = { ...key, ...retiredFrom(key, now), version: key.version + 1 };
  await storeKey(transaction, old);
  await publish(transaction, snapshotOf(old));
  await record(transaction, key, old);
  return changeOf(old, 'retired');
}

async function remove(transaction: Queries, key: StoredKey): Promise<KeyChange> {
  await deleteKey(transaction, key);
  await publishRemoval(transaction, configKey('signing-key', key.id), key.version + 1);
  await record(transaction, key, undefined);
  return changeOf(key, 'deleted');
}

async function record(
  transaction: Queries,
  before: StoredKey | undefined,
  after: StoredKey | undefined,
): Promise<void> {
  const key = after ?? before;
  if (key === undefined) return;
  await recordChange(transaction, {
    account: key.account,
    entity: 'signing-key',
    id: key.id,
    before: before && recorded(before),
    after: after && recorded(after),
  });
}

function recorded({ keyId, domain, state }: StoredKey): RecordedState {
  return { keyId, domain, state };
}

function changeOf({ keyId, account }: StoredKey, what: KeyChange['what']): KeyChange {
  return { what, keyId, account };
}

/** A name that no key has. One that was given before is out of all caches by now: its key was shown for a week after its last use. */
async function freeName(queries: Queries, domain: string, now: Date): Promise<string> {
  const taken = new Set((await selectKeys(queries, 'domain = $1', [domain])).map(({ keyId }) => keyId));
  for (const selector of selectors(now)) {
    const name = `${selector}._domainkey.${domain}`;
    if (!taken.has(name)) return name;
  }
  throw new Error('there is no free selector');
}

function pem(key: KeyObject, type: 'pkcs8' | 'spki'): string {
  return key.export({ type, format: 'pem' }).toString();
}
