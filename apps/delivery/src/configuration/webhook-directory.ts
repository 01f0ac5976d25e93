import { createPrivateKey } from 'node:crypto';
import { configKey } from '@postduif/contracts';
import type { AccountSnapshot, ConfigChange, SigningKeySnapshot, WebhookSnapshot } from '@postduif/contracts';
import { open, parseWebhookSecret } from '@postduif/signing';
import type { EncryptionKeys, WebhookSecret } from '@postduif/signing';
import { SigningKeys } from './signing-keys.js';

/**
 * Webhooks, accounts and keys in memory, from the topic `config`. Signing keys are opened and parsed when they arrive, webhooks'
 * secrets at their first use, as most of many webhooks are silent. What cannot be opened is reported and left out, so that nothing is
 * sent unsigned.
 */
export class WebhookDirectory {
  readonly #webhooks = new Map<string, WebhookSnapshot>();
  readonly #secrets = new WeakMap<WebhookSnapshot, readonly WebhookSecret[]>();
  readonly #accounts = new Map<string, AccountSnapshot>();
  readonly signingKeys = new SigningKeys();

  constructor(
    private readonly encryptionKeys: EncryptionKeys,
    private readonly unreadable: (key: string, error: unknown) => void,
  ) {}

  apply({ key, snapshot }: ConfigChange): void {
    if (snapshot === null) {
      this.#remove(key);
      return;
    }
    switch (snapshot.kind) {
      case 'account':
        this.#accounts.set(snapshot.id, snapshot);
        break;
      case 'webhook':
        this.#webhooks.set(snapshot.id, snapshot);
        break;
      case 'signing-key':
        this.#openKey(key, snapshot);
        break;
      case 'jwt-key':
      case 'heartbeat':
    }
  }

  find(id: string): WebhookSnapshot | undefined {
    return this.#webhooks.get(id);
  }

  get size(): number {
    return this.#webhooks.size;
  }

  /** Secrets of a `json` webhook, the newest first. */
  secrets(webhook: WebhookSnapshot): readonly WebhookSecret[] {
    let secrets = this.#secrets.get(webhook);
    if (secrets === undefined) this.#secrets.set(webhook, (secrets = this.#openSecrets(webhook)));
    return secrets;
  }

  /** Value of `X-Copernica-ID`. */
  copernicaId(account: string): string {
    return this.#accounts.get(account)?.copernicaId ?? `account_${account}`;
  }

  #openSecrets(webhook: WebhookSnapshot): WebhookSecret[] {
    const key = configKey('webhook', webhook.id);
    return webhook.secrets.flatMap((sealed) => {
      try {
        return [parseWebhookSecret(open(this.encryptionKeys, sealed, key).toString('utf8'))];
      } catch (error) {
        this.unreadable(key, error);
        return [];
      }
    });
  }

  #openKey(key: string, snapshot: SigningKeySnapshot): void {
    try {
      const privateKey = createPrivateKey(open(this.encryptionKeys, snapshot.privateKey, key).toString('utf8'));
      this.signingKeys.put(snapshot, { keyId: snapshot.keyId, privateKey });
    } catch (error) {
      this.signingKeys.delete(snapshot.id);
      this.unreadable(key, error);
    }
  }

  #remove(key: string): void {
    const [kind, id = ''] = key.split('/', 2);
    if (kind === 'webhook') this.#webhooks.delete(id);
    else if (kind === 'account') this.#accounts.delete(id);
    else if (key === configKey('signing-key', id)) this.signingKeys.delete(id);
  }
}
