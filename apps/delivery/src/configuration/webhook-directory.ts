import { createPrivateKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { configKey } from '@postduif/contracts';
import type { AccountSnapshot, ConfigChange, SigningKeySnapshot, WebhookSnapshot } from '@postduif/contracts';
import { open, parseWebhookSecret } from '@postduif/signing';
import type { EncryptionKeys, WebhookSecret } from '@postduif/signing';

/** A signing key, parsed once. */
export interface SigningKey {
  readonly keyId: string;
  readonly privateKey: KeyObject;
}

/**
 * Webhooks, accounts and keys in memory, from the topic `config`. Secrets are opened and parsed when they arrive, not when they
 * are used; what cannot be opened is reported and left out, so that nothing is sent unsigned.
 */
export class WebhookDirectory {
  readonly #webhooks = new Map<string, WebhookSnapshot>();
  readonly #secrets = new Map<string, readonly WebhookSecret[]>();
  readonly #accounts = new Map<string, AccountSnapshot>();
  readonly #keys = new Map<string, { snapshot: SigningKeySnapshot; key: SigningKey }>();

  readonly #signingKeyKnown = Promise.withResolvers<undefined>();

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
        this.#secrets.set(snapshot.id, this.#openSecrets(key, snapshot));
        break;
      case 'signing-key':
        this.#openKey(key, snapshot);
        break;
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
  secrets(webhook: string): readonly WebhookSecret[] {
    return this.#secrets.get(webhook) ?? [];
  }

  /** Resolves when the first signing key is known. */
  get signingKeyKnown(): Promise<unknown> {
    return this.#signingKeyKnown.promise;
  }

  /** Value of `X-Copernica-ID`. */
  copernicaId(account: string): string {
    return this.#accounts.get(account)?.copernicaId ?? `account_${account}`;
  }

  /** The active key; the newest when there are several. */
  signingKey(): SigningKey | undefined {
    let newest: { snapshot: SigningKeySnapshot; key: SigningKey } | undefined;
    for (const entry of this.#keys.values()) {
      if (entry.snapshot.state !== 'active') continue;
      if (newest === undefined || Number(entry.snapshot.id) > Number(newest.snapshot.id)) newest = entry;
    }
    return newest?.key;
  }

  #openSecrets(key: string, webhook: WebhookSnapshot): WebhookSecret[] {
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
      this.#keys.set(snapshot.id, { snapshot, key: { keyId: snapshot.keyId, privateKey } });
      this.#signingKeyKnown.resolve(undefined);
    } catch (error) {
      this.#keys.delete(snapshot.id);
      this.unreadable(key, error);
    }
  }

  #remove(key: string): void {
    const [kind, id = ''] = key.split('/', 2);
    if (kind === 'webhook') {
      this.#webhooks.delete(id);
      this.#secrets.delete(id);
    } else if (kind === 'account') this.#accounts.delete(id);
    else if (key === configKey('signing-key', id)) this.#keys.delete(id);
  }
}
