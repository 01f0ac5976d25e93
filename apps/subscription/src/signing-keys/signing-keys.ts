import type { Access } from '@postduif/access';
import type { SigningKeyView } from '@postduif/contracts';
import { toSigningKeyView } from './key-view.js';
import type { RotationPolicy } from './rotation-policy.js';
import type { SigningKeyStore } from './signing-key-store.js';

/** What an account may see of signing keys, and do with its own. */
export class SigningKeys {
  constructor(
    private readonly store: SigningKeyStore,
    private readonly policy: RotationPolicy,
  ) {}

  /** The keys of the installation and of the account, the newest first. */
  async list({ account }: Access): Promise<SigningKeyView[]> {
    const keys = await this.store.list(account);
    return keys.toReversed().map((key) => toSigningKeyView(key, this.policy));
  }
}
