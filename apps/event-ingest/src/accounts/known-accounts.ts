import { AccessDirectory } from '@postduif/access';
import { configKey, parseConfigRecord } from '@postduif/contracts';

const ACCOUNTS = configKey('account', '');

/** Accounts and tokens, and who waits for an account that has only just been made. */
export class KnownAccounts {
  readonly directory = new AccessDirectory();
  readonly #waiting = new Map<string, Set<(known: boolean) => void>>();

  /** Takes in a record of the topic `config`; throws when it cannot be read, and what was known stays. */
  apply(key: string, value: Buffer | null): void {
    if (!this.directory.concerns(key)) return;
    this.directory.apply(parseConfigRecord(key, value));
    if (!key.startsWith(ACCOUNTS)) return;
    const id = key.slice(ACCOUNTS.length);
    if (!this.directory.hasAccount(id)) return;
    for (const settle of this.#waiting.get(id) ?? []) settle(true);
  }

  has(account: string): boolean {
    return this.directory.hasAccount(account);
  }

  /**
   * True as soon as the account is known, false after `withinMs`. An account and its first event come on different topics, so either
   * may be first. Those who wait for the same account go on in the order in which they asked.
   */
  whenKnown(account: string, withinMs: number): Promise<boolean> {
    if (this.has(account)) return Promise.resolve(true);
    return new Promise((resolve) => {
      const waiting = this.#waiting.get(account) ?? new Set();
      this.#waiting.set(account, waiting);
      const settle = (known: boolean): void => {
        clearTimeout(timer);
        waiting.delete(settle);
        if (waiting.size === 0) this.#waiting.delete(account);
        resolve(known);
      };
      const timer = setTimeout(settle, withinMs, false);
      waiting.add(settle);
    });
  }
}
