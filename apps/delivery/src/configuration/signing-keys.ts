import type { KeyObject } from 'node:crypto';
import type { SigningKeySnapshot } from '@postduif/contracts';

/** A signing key, parsed once. */
export interface SigningKey {
  readonly keyId: string;
  readonly privateKey: KeyObject;
}

interface Entry {
  readonly snapshot: SigningKeySnapshot;
  readonly key: SigningKey;
}

/** Keys as the topic `config` tells them, and which of them signs for whom. */
export class SigningKeys {
  readonly #entries = new Map<string, Entry>();
  /** By account; undefined stands for the installation. */
  readonly #active = new Map<string | undefined, SigningKey>();

  put(snapshot: SigningKeySnapshot, key: SigningKey): void {
    this.#entries.set(snapshot.id, { snapshot, key });
    this.#choose(snapshot.account);
  }

  delete(id: string): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    this.#entries.delete(id);
    this.#choose(entry.snapshot.account);
  }

  /** The account's own active key, else the installation's. */
  activeFor(account?: string): SigningKey | undefined {
    return this.#active.get(account) ?? this.#active.get(undefined);
  }

  /** Keys that are known, active or not. */
  get size(): number {
    return this.#entries.size;
  }

  /** Of several active keys the newest: while one gives way to the next, both are active for a moment. */
  #choose(account: string | undefined): void {
    const [newest] = [...this.#entries.values()]
      .filter(({ snapshot }) => snapshot.state === 'active' && snapshot.account === account)
      .toSorted((one, other) => Number(other.snapshot.id) - Number(one.snapshot.id));
    if (newest === undefined) this.#active.delete(account);
    else this.#active.set(account, newest.key);
  }
}
