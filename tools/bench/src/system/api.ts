import type { CreateWebhook } from '@postduif/contracts';
import { parseDnsRecord, parseWebhookSecret } from '@postduif/signing';
import type { WebhookSecret } from '@postduif/signing';
import type { KeyObject } from 'node:crypto';
import { headerOf, statusOf } from '../processes/http-message-reader.js';
import type { HttpMessage } from '../processes/http-message-reader.js';
import type { Poster } from '../processes/poster.js';

/** The REST API, as a customer uses it. */
export class Api {
  constructor(private readonly poster: Poster) {}

  /** Resolves to the webhook's id. */
  async createWebhook(webhook: CreateWebhook): Promise<string> {
    const answer = checked(await this.poster.post('/v4/webhooks', JSON.stringify(webhook)));
    return headerOf(answer.head, 'x-created') ?? '';
  }

  async secret(webhook: string): Promise<WebhookSecret> {
    const { secret } = await this.#get<{ readonly secret: string }>(`/v1/webhooks/${webhook}/secret`);
    return parseWebhookSecret(secret);
  }

  /** Public keys by the names under which receivers look for them. */
  async signingKeys(): Promise<Map<string, KeyObject>> {
    const keys = await this.#get<readonly { readonly keyId: string; readonly record: string }[]>('/v1/signing-keys');
    return new Map(keys.map(({ keyId, record }) => [keyId, parseDnsRecord(record)]));
  }

  close(): void {
    this.poster.close();
  }

  async #get<T>(path: string): Promise<T> {
    return JSON.parse(checked(await this.poster.get(path)).body.toString()) as T;
  }
}

function checked(answer: HttpMessage): HttpMessage {
  if (statusOf(answer.head) < 300) return answer;
  throw new Error(`the API answered ${statusOf(answer.head)}: ${answer.body.toString()}`);
}
