import { configKey } from '@postduif/contracts';
import type { AccountSnapshot, ConfigChange, Scope } from '@postduif/contracts';
import { JwtKeys } from './jwt.js';
import { hashToken } from './tokens.js';

/** Who calls and what he may do. */
export interface Access {
  readonly account: string;
  /** Id of the token, for logs. */
  readonly token: string;
  readonly scopes: readonly Scope[];
}

interface KnownToken {
  readonly access: Access;
  /** Unix milliseconds. */
  readonly until: number;
}

/** Accounts and tokens in memory, from the topic `config`: works while PostgreSQL is away. */
export class AccessDirectory {
  readonly #accounts = new Map<string, AccountSnapshot>();
  readonly #byHash = new Map<string, KnownToken>();
  readonly #jwtKeys: JwtKeys;

  /** @param now Unix milliseconds */
  constructor(private readonly now: () => number = Date.now) {
    this.#jwtKeys = new JwtKeys(now);
  }

  /** Whether a key of `config` is for `apply`: who follows the topic need not read the others. */
  concerns(key: string): boolean {
    return key.startsWith(ACCOUNT_PREFIX) || key.startsWith(JWT_KEY_PREFIX);
  }

  /** Takes in a record of `config`; other kinds are ignored. */
  apply(change: ConfigChange): void {
    const { key, snapshot } = change;
    if (key.startsWith(ACCOUNT_PREFIX))
      this.#setAccount(key.slice(ACCOUNT_PREFIX.length), snapshot?.kind === 'account' ? snapshot : undefined);
    if (key.startsWith(JWT_KEY_PREFIX))
      this.#jwtKeys.set(
        key.slice(JWT_KEY_PREFIX.length),
        snapshot?.kind === 'jwt-key' ? snapshot.publicKey : undefined,
      );
  }

  /** No account is known. When the first one has not been published yet, nobody can be told that his token is wrong. */
  get isEmpty(): boolean {
    return this.#accounts.size === 0;
  }

  hasAccount(id: string): boolean {
    return this.#accounts.has(id);
  }

  /**
   * The access that an API token or a JWT gives; `undefined` when there is none. A token is looked up by its hash, so timing tells
   * nothing of it.
   */
  async find(token: string): Promise<Access | undefined> {
    const known = this.#byHash.get(hashToken(token)) ?? (await this.#ofJwt(token));
    if (known === undefined || known.until <= this.now()) return undefined;
    return known.access;
  }

  async #ofJwt(jwt: string): Promise<KnownToken | undefined> {
    const subject = await this.#jwtKeys.verify(jwt);
    if (subject === undefined) return undefined;
    const token = this.#accounts.get(subject.account)?.tokens.find(({ id }) => id === subject.token);
    return token && this.#byHash.get(token.hash);
  }

  #setAccount(id: string, snapshot: AccountSnapshot | undefined): void {
    for (const token of this.#accounts.get(id)?.tokens ?? []) this.#byHash.delete(token.hash);
    this.#accounts.delete(id);
    if (snapshot === undefined) return;
    this.#accounts.set(id, snapshot);
    for (const { id: token, hash, scopes, expiresAt } of snapshot.tokens) {
      const until = expiresAt === undefined ? Infinity : Date.parse(expiresAt);
      this.#byHash.set(hash, { access: { account: id, token, scopes }, until });
    }
  }
}

const ACCOUNT_PREFIX = configKey('account', '');
const JWT_KEY_PREFIX = configKey('jwt-key', '');
