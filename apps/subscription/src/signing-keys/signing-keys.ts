import type { Access } from '@postduif/access';
import { ApiError } from '@postduif/contracts';
import type { SigningKeyView } from '@postduif/contracts';
import { isUnder, parseDomain } from '../domains/domain-name.js';
import { holdValidatedDomains } from '../domains/domain-rows.js';
import type { Log } from '../log.js';
import { sayChanges } from './key-rotation.js';
import { toSigningKeyView } from './key-view.js';
import type { RotationPolicy } from './rotation-policy.js';
import type { SigningKeyStore } from './signing-key-store.js';

/** What an account may see of signing keys, and do with its own. */
export class SigningKeys {
  constructor(
    private readonly store: SigningKeyStore,
    private readonly policy: RotationPolicy,
    private readonly now: () => Date,
    private readonly log: Log,
  ) {}

  /** The keys of the installation and of the account, the newest first. */
  async list({ account }: Access): Promise<SigningKeyView[]> {
    const keys = await this.store.list(account);
    return keys.toReversed().map((key) => toSigningKeyView(key, this.policy));
  }

  /**
   * Makes a key for the account's own requests under a domain that it has validated; it signs when its record was seen in DNS for
   * long enough. Asked for again, the key stays. Throws `domain_not_validated`.
   */
  async create({ account }: Access, text: string): Promise<{ readonly key: SigningKeyView; readonly isNew: boolean }> {
    const domain = parseDomain(text);
    const { key, isNew } = await this.store.create(account, domain, this.now(), async (transaction) => {
      const validated = await holdValidatedDomains(transaction, account);
      if (!validated.some((own) => isUnder(domain, own))) throw new ApiError('domain_not_validated');
    });
    if (isNew) sayChanges(this.log, [{ what: 'made', keyId: key.keyId, account }]);
    return { key: toSigningKeyView(key, this.policy), isNew };
  }
}
