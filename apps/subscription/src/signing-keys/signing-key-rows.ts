import { configKey } from '@postduif/contracts';
import type { Queries } from '../database/database.js';
import type { Snapshot } from '../outbox/outbox.js';
import type { SigningKey } from './signing-key.js';

/** A key with what is published of it. */
export type StoredKey = SigningKey & {
  /** SPKI in PEM. */
  readonly publicKey: string;
  /** Sealed PKCS #8 in PEM. */
  readonly privateKey: string;
  readonly version: number;
};

const COLUMNS = `id, account, domain, key_id AS "keyId", state, created_at AS "createdAt", activated_at AS "activatedAt",
  retired_at AS "retiredAt", visible_since AS "visibleSince", seen_at AS "seenAt", dns, public_key AS "publicKey",
  private_key AS "privateKey", version`;

/** Whose keys: an account's, or with null the installation's. */
export type Owner = string | null;

/** Some or all keys, in the order of their ids. */
export function selectKeys(queries: Queries, where = 'true', values: readonly unknown[] = []): Promise<StoredKey[]> {
  return queries.query<StoredKey>(`SELECT ${COLUMNS} FROM config.signing_keys WHERE ${where} ORDER BY id`, values);
}

export async function nextKeyId(queries: Queries): Promise<string> {
  const [row] = await queries.query<{ id: string }>(
    `SELECT nextval(pg_get_serial_sequence('config.signing_keys', 'id'))::text AS id`,
  );
  if (row === undefined) throw new Error('no next id');
  return row.id;
}

/** Stores a new key, or what may change of one. */
export async function storeKey(transaction: Queries, key: StoredKey): Promise<void> {
  await transaction.query(
    `INSERT INTO config.signing_keys (id, account, domain, key_id, state, created_at, activated_at, retired_at, visible_since,
       seen_at, dns, public_key, private_key, version)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
     ON CONFLICT (id) DO UPDATE SET state = $5, activated_at = $7, retired_at = $8, visible_since = $9, seen_at = $10, dns = $11,
       version = $14`,
    [
      ...[key.id, key.account, key.domain, key.keyId, key.state, key.createdAt, key.activatedAt, key.retiredAt],
      ...[key.visibleSince, key.seenAt, key.dns, key.publicKey, key.privateKey, key.version],
    ],
  );
}

export async function deleteKey(transaction: Queries, { id }: SigningKey): Promise<void> {
  await transaction.query('DELETE FROM config.signing_keys WHERE id = $1', [id]);
}

export function snapshotOf({ id, account, keyId, state, publicKey, privateKey, version }: StoredKey): Snapshot {
  const owner = account === null ? {} : { account };
  const value = { kind: 'signing-key', version, id, ...owner, keyId, state, publicKey, privateKey } as const;
  return { key: configKey('signing-key', id), value };
}
