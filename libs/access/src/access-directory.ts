import { configKey } from '@postduif/contracts';
import type { AccountSnapshot, ConfigChange, Scope } from '@postduif/contracts';
import { hashToken } from './tokens.js';

/** Who calls and what he may do. */
export interface Access {
  readonly account: string;
  /** Id of the token, for logs. */
  readonly token: string;
  readonly scopes: readonly Scope[];
}

/** Accounts and tokens in memory, from the topic `config`: works while PostgreSQL is away. */
export class AccessDirectory {
  readonly #accounts = new Map<string, AccountSnapshot>();
  readonly #byHash = new Map<string, Access>();

  /** Takes in a record of `config`; other kinds are ignored. */
  apply(change: ConfigChange): void {
    if (!change.key.startsWith(ACCOUNT_PREFIX)) return;
    const id = change.key.slice(ACCOUNT_PREFIX.length);
    for (const token of this.#accounts.get(id)?.tokens ?? []) this.#byHash.delete(token.hash);
    this.#accounts.delete(id);
    if (change.snapshot?.kind !== 'account') return;
    this.#accounts.set(id, change.snapshot);
    for (const token of change.snapshot.tokens)
      this.#byHash.set(token.hash, { account: id, token: token.id, scopes: token.scopes });
  }

  hasAccount(id: string): boolean {
    return this.#accounts.has(id);
  }

  /** The access that a token gives; `undefined` when there is none. Looked up by hash, so timing tells nothing of a token. */
  find(token: string): Access | undefined {
    return this.#byHash.get(hashToken(token));
  }
}

const ACCOUNT_PREFIX = configKey('account', '');
