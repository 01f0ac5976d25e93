import { createJwtKey, isJwt, JwtKeys, signJwt } from '@postduif/access';
import type { JwtSubject } from '@postduif/access';
import { configKey } from '@postduif/contracts';
import { open, seal } from '@postduif/signing';
import type { EncryptionKeys } from '@postduif/signing';
import type { Database } from '../database/database.js';
import { publish } from '../outbox/outbox.js';
import type { Snapshot } from '../outbox/outbox.js';

interface KeyRow {
  readonly id: string;
  readonly publicKey: string;
  /** Sealed. */
  readonly privateKey: string;
}

const KEY_ID = '1';
const SELECT = 'SELECT id, public_key AS "publicKey", private_key AS "privateKey" FROM config.jwt_keys';

/**
 * Signs JWTs, and checks them. The key is made once for the installation; its public half is on the topic `config`, so that every
 * service can check JWTs by itself.
 */
export class JwtIssuer {
  readonly #keys: JwtKeys;
  #signing: { readonly id: string; readonly privateKey: string } | undefined;

  /** @param now Unix milliseconds */
  constructor(
    private readonly database: Database,
    private readonly encryptionKeys: EncryptionKeys,
    private readonly now: () => number = Date.now,
  ) {
    this.#keys = new JwtKeys(now);
  }

  /** Makes the key where there is none. Throws when it cannot be opened. */
  async prepare(): Promise<void> {
    await this.#key();
  }

  async issue(subject: JwtSubject): Promise<string> {
    return signJwt(subject, await this.#key(), this.now());
  }

  /** Whom a JWT speaks for; `undefined` when it is not valid. The token itself may be gone since. */
  async verify(jwt: string): Promise<JwtSubject | undefined> {
    if (!isJwt(jwt)) return undefined;
    await this.#key();
    return this.#keys.verify(jwt);
  }

  async *snapshots(): AsyncIterable<Snapshot[]> {
    yield (await this.database.query<KeyRow>(SELECT)).map(snapshotOf);
  }

  async #key(): Promise<{ readonly id: string; readonly privateKey: string }> {
    this.#signing ??= await this.#load();
    return this.#signing;
  }

  async #load(): Promise<{ readonly id: string; readonly privateKey: string }> {
    const { id, publicKey, privateKey } = (await this.#find()) ?? (await this.#make());
    this.#keys.set(id, publicKey);
    return { id, privateKey: open(this.encryptionKeys, privateKey, configKey('jwt-key', id)).toString('utf8') };
  }

  async #find(): Promise<KeyRow | undefined> {
    this.database.requireOpen();
    return (await this.database.query<KeyRow>(`${SELECT} WHERE id = $1`, [KEY_ID]))[0];
  }

  async #make(): Promise<KeyRow> {
    const { publicKey, privateKey } = createJwtKey();
    const sealed = seal(this.encryptionKeys, privateKey, configKey('jwt-key', KEY_ID));
    await this.database.transaction(async (transaction) => {
      const made = await transaction.query<KeyRow>(
        `INSERT INTO config.jwt_keys (id, public_key, private_key) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING
         RETURNING id, public_key AS "publicKey", private_key AS "privateKey"`,
        [KEY_ID, publicKey, sealed],
      );
      for (const row of made) await publish(transaction, snapshotOf(row));
    });
    // Another instance may have been faster.
    const row = await this.#find();
    if (row === undefined) throw new Error('the key for JWTs was deleted while it was made');
    return row;
  }
}

function snapshotOf({ id, publicKey }: KeyRow): Snapshot {
  return { key: configKey('jwt-key', id), value: { kind: 'jwt-key', version: 1, id, publicKey } };
}
