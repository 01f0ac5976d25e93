import { createPrivateKey } from 'node:crypto';
import { configKey } from '@postduif/contracts';
import type { AccountSnapshot, ConfigChange, SigningKeySnapshot, WebhookSnapshot } from '@postduif/contracts';
import { open, parseWebhookSigningKey } from '@postduif/signing';
import type { EncryptionKeys, WebhookSigningKey } from '@postduif/signing';
import { SigningKeys } from './signing-keys.js';

/** Secrets and private keys parsed, until the next of them ends (Unix milliseconds). */
interface OpenSecrets {
  readonly secrets: readonly WebhookSigningKey[];
  readonly changeAt: number;
}

/**
 * Webhooks, accounts and keys in memory, from the topic `config`. Signing keys are opened and parsed when they arrive, webhooks'
 * secrets at their first use, as most of many webhooks are silent. What cannot be opened is reported and left out, so that nothing is
 * sent unsigned.
 */
export class WebhookDirectory {
  readonly #webhooks = new Map<string, WebhookSnapshot>();
  readonly #secrets = new WeakMap<WebhookSnapshot, OpenSecrets>();
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

  /** Secrets and private keys that sign the requests of a webhook at a moment (Unix milliseconds), the newest first; none for `form`. */
  secrets(webhook: WebhookSnapshot, now: number): readonly WebhookSigningKey[] {
    let opened = this.#secrets.get(webhook);
    if (opened === undefined || opened.changeAt <= now)
      this.#secrets.set(webhook, (opened = this.#openSecrets(webhook, now)));
    return opened.secrets;
  }

  /** Value of `X-Copernica-ID`. */
  copernicaId(account: string): string {
    return this.#accounts.get(account)?.copernicaId ?? `account_${account}`;
  }

  /** Those that have ended are left out, whoever still has to take them out of the snapshot. */
  #openSecrets(webhook: WebhookSnapshot, now: number): OpenSecrets {
    const key = configKey('webhook', webhook.id);
    const ends = webhook.secrets.map((_, index) => endOf(webhook, index));
    const secrets = webhook.secrets.flatMap((sealed, index) => {
      if (endOf(webhook, index) <= now) return [];
      try {
        return [parseWebhookSigningKey(open(this.encryptionKeys, sealed, key).toString('utf8'))];
      } catch (error) {
        this.unreadable(key, error);
        return [];
      }
    });
    return { secrets, changeAt: Math.min(Infinity, ...ends.filter((end) => end > now)) };
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

/** The first secret has no end. */
function endOf({ secretEnds = [] }: WebhookSnapshot, index: number): number {
  const end = secretEnds[index - 1];
  return end === undefined ? Infinity : Date.parse(end);
}
