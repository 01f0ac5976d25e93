import { createPrivateKey, createPublicKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { configKey } from '@postduif/contracts';
import type { SigningKeySnapshot } from '@postduif/contracts';
import { dnsRecord, generateSigningKey, open, seal } from '@postduif/signing';
import type { EncryptionKeys } from '@postduif/signing';
import type { Database, Queries } from '../database/database.js';
import { publish } from '../outbox/outbox.js';
import type { Snapshot } from '../outbox/outbox.js';
import { selectors } from './selectors.js';

interface KeyRow {
  readonly id: string;
  readonly keyId: string;
  readonly domain: string;
  readonly state: SigningKeySnapshot['state'];
  readonly publicKey: string;
  readonly privateKey: string;
  readonly version: number;
}

/** A key as the API shows it. */
export interface SigningKeyView {
  readonly keyId: string;
  /** Value of the TXT record at `keyId`. */
  readonly record: string;
  readonly state: SigningKeySnapshot['state'];
}

const COLUMNS = `id, key_id AS "keyId", domain, state, public_key AS "publicKey", private_key AS "privateKey", version`;
/** Any number that nobody else in this database uses; `sign` in ASCII. */
const KEY_LOCK = 0x7369676e;

/** The keys that sign requests. One is active; its public part must be in DNS. */
export class SigningKeyStore {
  constructor(
    private readonly database: Database,
    private readonly encryptionKeys: EncryptionKeys,
  ) {}

  /**
   * Makes sure that there is an active key for the domain: makes one, and retires that of another domain. Instances that do so at
   * once take turns. Returns the name of a key that was made. Throws a `SigningError` when the active key cannot be opened.
   */
  ensure(domain: string, now = new Date()): Promise<string | undefined> {
    return this.database.transaction(async (transaction) => {
      await transaction.query('SELECT pg_advisory_xact_lock($1)', [KEY_LOCK]);
      const [active] = await transaction.query<KeyRow>(
        `SELECT ${COLUMNS} FROM config.signing_keys WHERE state = 'active'`,
      );
      if (active?.domain === domain) {
        this.#privateKeyOf(active);
        return undefined;
      }
      if (active !== undefined) await retire(transaction, active);
      return this.#create(transaction, domain, now);
    });
  }

  /** The key to sign with now. */
  async active(): Promise<{ readonly keyId: string; readonly privateKey: KeyObject }> {
    const [row] = await this.database.query<KeyRow>(
      `SELECT ${COLUMNS} FROM config.signing_keys WHERE state = 'active'`,
    );
    if (row === undefined) throw new Error('there is no active signing key');
    return { keyId: row.keyId, privateKey: this.#privateKeyOf(row) };
  }

  /** All keys, the newest first. */
  async list(): Promise<SigningKeyView[]> {
    this.database.requireOpen();
    const rows = await this.database.query<KeyRow>(`SELECT ${COLUMNS} FROM config.signing_keys ORDER BY id DESC`);
    return rows.map(({ keyId, publicKey, state }) => ({ keyId, record: dnsRecord(createPublicKey(publicKey)), state }));
  }

  async *snapshots(): AsyncIterable<Snapshot[]> {
    const rows = await this.database.query<KeyRow>(`SELECT ${COLUMNS} FROM config.signing_keys ORDER BY id`);
    yield rows.map(snapshotOf);
  }

  async #create(transaction: Queries, domain: string, now: Date): Promise<string> {
    const [next] = await transaction.query<{ id: string }>(
      `SELECT nextval(pg_get_serial_sequence('config.signing_keys', 'id'))::text AS id`,
    );
    const id = next?.id ?? '';
    const keyId = await freeName(transaction, domain, now);
    const { privateKey, publicKey } = await generateSigningKey();
    const sealed = seal(this.encryptionKeys, pem(privateKey, 'pkcs8'), configKey('signing-key', id));
    const rows = await transaction.query<KeyRow>(
      `INSERT INTO config.signing_keys (id, domain, key_id, state, public_key, private_key)
       VALUES ($1, $2, $3, 'active', $4, $5) RETURNING ${COLUMNS}`,
      [id, domain, keyId, pem(publicKey, 'spki'), sealed],
    );
    for (const row of rows) await publish(transaction, snapshotOf(row));
    return keyId;
  }

  #privateKeyOf(row: KeyRow): KeyObject {
    return createPrivateKey(
      open(this.encryptionKeys, row.privateKey, configKey('signing-key', row.id)).toString('utf8'),
    );
  }
}

async function retire(transaction: Queries, { id }: KeyRow): Promise<void> {
  const rows = await transaction.query<KeyRow>(
    `UPDATE config.signing_keys SET state = 'retired', version = version + 1 WHERE id = $1 RETURNING ${COLUMNS}`,
    [id],
  );
  for (const row of rows) await publish(transaction, snapshotOf(row));
}

/** A name that no key has had: what is in DNS and in caches under a name must stay one key. */
async function freeName(queries: Queries, domain: string, now: Date): Promise<string> {
  const taken = await queries.query<{ keyId: string }>('SELECT key_id AS "keyId" FROM config.signing_keys');
  for (const selector of selectors(now)) {
    const name = `${selector}._domainkey.${domain}`;
    if (!taken.some(({ keyId }) => keyId === name)) return name;
  }
  throw new Error('there is no free selector');
}

function pem(key: KeyObject, type: 'pkcs8' | 'spki'): string {
  return key.export({ type, format: 'pem' }).toString();
}

function snapshotOf({ id, keyId, state, publicKey, privateKey, version }: KeyRow): Snapshot {
  const value = { kind: 'signing-key', version, id, keyId, state, publicKey, privateKey } as const;
  return { key: configKey('signing-key', id), value };
}
