import type { KeyObject } from 'node:crypto';
import { parseDnsRecord, parseWebhookSecret } from '@postduif/signing';
import type { WebhookSecret } from '@postduif/signing';
import { Api, readCredentials } from './api.js';
import type { SigningMaterial } from './verification.js';

interface Loaded {
  readonly keys: ReadonlyMap<string, KeyObject>;
  readonly secrets: readonly { readonly target: string; readonly secret: WebhookSecret }[];
}

const LEAST_BETWEEN_LOADS_MS = 1_000;

/**
 * Keys and secrets as the stack publishes them, loaded when first needed and again when something does not fit: a webhook may be newer
 * than what is known. Credentials are read each time, so the receiver may be started before the stack.
 */
export class PublishedMaterial implements SigningMaterial {
  #loaded: Promise<Loaded> | undefined;
  #loadedAt = -Infinity;

  constructor(
    private readonly home: string,
    /** Only webhooks that point here are of interest. */
    private readonly port: () => number,
    private readonly now: () => number = Date.now,
  ) {}

  async key(keyId: string): Promise<KeyObject | undefined> {
    return (await this.#current()).keys.get(keyId);
  }

  /** Those of the webhooks with exactly this target; of all that point here when there is none. */
  async secrets(target: string): Promise<WebhookSecret[]> {
    const { secrets } = await this.#current();
    const fitting = secrets.filter((entry) => entry.target === target);
    return (fitting.length > 0 ? fitting : secrets).map(({ secret }) => secret);
  }

  async reload(): Promise<boolean> {
    if (this.now() - this.#loadedAt < LEAST_BETWEEN_LOADS_MS) return false;
    this.#loaded = undefined;
    await this.#current();
    return true;
  }

  async #current(): Promise<Loaded> {
    if (this.#loaded === undefined) {
      this.#loadedAt = this.now();
      this.#loaded = this.#load();
    }
    try {
      return await this.#loaded;
    } catch (error) {
      this.#loaded = undefined;
      throw error;
    }
  }

  async #load(): Promise<Loaded> {
    const api = new Api(await readCredentials(this.home));
    const [published, webhooks] = await Promise.all([
      api.get<{ keyId: string; record: string }[]>('/v1/signing-keys'),
      api.webhooks(),
    ]);
    const here = webhooks.filter(({ handler, format }) => format === 'json' && pointsTo(handler, this.port()));
    const secrets = await Promise.all(
      here.map(async ({ ID, handler }) => {
        const { secret } = await api.get<{ secret: string }>(`/v1/webhooks/${ID}/secret`);
        return { target: targetOf(handler), secret: parseWebhookSecret(secret) };
      }),
    );
    return {
      keys: new Map(published.map(({ keyId, record }) => [keyId, parseDnsRecord(record)])),
      secrets,
    };
  }
}

const LOOPBACK = new Set(['127.0.0.1', 'localhost', '[::1]']);

function pointsTo(handler: string, port: number): boolean {
  if (!URL.canParse(handler)) return false;
  const url = new URL(handler);
  return LOOPBACK.has(url.hostname) && Number(url.port || (url.protocol === 'https:' ? 443 : 80)) === port;
}

function targetOf(handler: string): string {
  const { pathname, search } = new URL(handler);
  return pathname + search;
}
