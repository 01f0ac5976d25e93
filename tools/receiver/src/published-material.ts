import { Receiver } from '@postduif/receiver';
import { Api, readCredentials } from './api.js';
import type { SigningMaterial } from './verification.js';

const LEAST_BETWEEN_LOADS_MS = 1_000;

/**
 * Keys and secrets as the stack publishes them, loaded when first needed and again when something does not fit: a webhook may be newer
 * than what is known. Credentials are read each time, so the receiver may be started before the stack.
 */
export class PublishedMaterial implements SigningMaterial {
  #loaded: Promise<Receiver> | undefined;
  #loadedAt = -Infinity;

  constructor(
    private readonly home: string,
    /** Only webhooks that point here are of interest. */
    private readonly port: () => number,
    private readonly now: () => number = Date.now,
  ) {}

  async receiver(): Promise<Receiver> {
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

  async reload(): Promise<boolean> {
    if (this.now() - this.#loadedAt < LEAST_BETWEEN_LOADS_MS) return false;
    this.#loaded = undefined;
    await this.receiver();
    return true;
  }

  async #load(): Promise<Receiver> {
    const api = new Api(await readCredentials(this.home));
    const [published, webhooks] = await Promise.all([
      api.get<{ keyId: string; record: string }[]>('/v1/signing-keys'),
      api.webhooks(),
    ]);
    const here = webhooks.filter(({ handler, format }) => format !== 'form' && pointsTo(handler, this.port()));
    const secrets = await Promise.all(
      here.map(async ({ ID, handler }) => {
        const { secret, publicKey = '' } = await api.get<PublishedSecret>(`/v1/webhooks/${ID}/secret`);
        return { target: targetOf(handler), secret: secret ?? publicKey };
      }),
    );
    return new Receiver({
      httpSignature: {
        // Whatever the stack signs is welcome: it is all of one machine.
        copernicaId: '*',
        host: '*',
        keyDomains: published.map(({ keyId }) => keyId.slice(keyId.indexOf('.') + 1)),
        resolveTxt: (name) =>
          Promise.resolve(published.flatMap(({ keyId, record }) => (keyId === name ? [[record]] : []))),
      },
      standardWebhooks: { secrets: ({ target }) => secretsFor(target, secrets) },
    });
  }
}

/** One of both. */
interface PublishedSecret {
  readonly secret?: string;
  readonly publicKey?: string;
}

/** Those of the webhooks with exactly this target; of all that point here when there is none. */
function secretsFor(target: string, secrets: readonly { target: string; secret: string }[]): string[] {
  const fitting = secrets.filter((entry) => entry.target === target);
  return (fitting.length > 0 ? fitting : secrets).map(({ secret }) => secret);
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
