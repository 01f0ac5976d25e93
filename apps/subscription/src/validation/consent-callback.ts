import { createHash } from 'node:crypto';
import { ApiError } from '@postduif/contracts';
import { open, seal, SigningError } from '@postduif/signing';
import type { EncryptionKeys } from '@postduif/signing';
import { z } from 'zod';
import type { Webhook } from '../webhooks/webhook.js';
import type { Webhooks } from '../webhooks/webhooks.js';
import { readRate } from './handshake.js';

const CONTEXT = 'handshake';
const VALID_MS = 7 * 86_400_000;

/** What a key stands for. It is sealed, so nothing about it has to be kept. */
const question = z.object({
  account: z.string(),
  id: z.string(),
  /** SHA-256; the key is to be short. */
  handler: z.string(),
  origin: z.string(),
  /** Unix milliseconds. */
  until: z.number(),
});

/** Where receivers of CloudEvents agree later (`WebHook-Request-Callback`). Only they learn the address, and it is all they need. */
export class ConsentCallback {
  constructor(
    private readonly encryptionKeys: EncryptionKeys,
    private readonly webhooks: Pick<Webhooks, 'get' | 'agree'>,
    /** Our own address, as others know it. */
    private readonly base: string | undefined,
    private readonly now: () => Date = () => new Date(),
  ) {}

  /** The address for a webhook, for a week; undefined when our own is not known. */
  address({ account, id, handler }: Webhook, origin: string): string | undefined {
    if (this.base === undefined) return undefined;
    const asked = { account, id, handler: digest(handler), origin, until: this.now().getTime() + VALID_MS };
    return `${this.base}/v1/handshake?key=${seal(this.encryptionKeys, JSON.stringify(asked), CONTEXT)}`;
  }

  /**
   * Throws `not_found` for what is no key, or is one no more, and `invalid_request` for a rate that is none.
   * @param allowedRate the header `WebHook-Allowed-Rate`
   */
  async agree(key: string, allowedRate: string | undefined): Promise<void> {
    const rate = readRate(allowedRate);
    if (rate === undefined) {
      const message = 'must be a whole number of requests a minute above zero, or *';
      throw new ApiError('invalid_request', undefined, { errors: [{ path: 'WebHook-Allowed-Rate', message }] });
    }
    const { account, id, handler, origin, until } = this.#open(key);
    if (until <= this.now().getTime()) throw over();
    const webhook = await this.webhooks.get({ account }, id);
    if (digest(webhook.handler) !== handler) throw over();
    if (!(await this.webhooks.agree({ account, id, handler: webhook.handler, origin }, rate))) throw over();
  }

  #open(key: string): z.output<typeof question> {
    try {
      return question.parse(JSON.parse(open(this.encryptionKeys, key, CONTEXT).toString('utf8')));
    } catch (error) {
      if (error instanceof SigningError) throw over();
      throw error;
    }
  }
}

function digest(handler: string): string {
  return createHash('sha256').update(handler).digest('base64url');
}

function over(): ApiError {
  return new ApiError(
    'not_found',
    'Nobody asks this any more. Let the owner of the webhook validate its handler again.',
  );
}
