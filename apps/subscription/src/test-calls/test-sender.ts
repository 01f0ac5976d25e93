import { randomUUID } from 'node:crypto';
import { DEFAULT_USER_AGENT, parseHandlerUrl } from '@postduif/outbound';
import type { OutboundResult, OutboundSender } from '@postduif/outbound';
import type { EncodedBody } from '@postduif/payload-encoding';
import { parseWebhookSigningKey, rsaSigner, webhookHeaders } from '@postduif/signing';
import type { WebhookCredentials } from '@postduif/signing';
import type { AccountStore } from '../accounts/account-store.js';
import type { SigningKeyStore } from '../signing-keys/signing-key-store.js';
import type { Webhook } from '../webhooks/webhook.js';
import type { Webhooks } from '../webhooks/webhooks.js';
import type { Occasion } from './test-event.js';

/** What tells a test from an event: the vendor's tests look like real ones (spec section 9). Not signed. */
const TEST_HEADER = ['X-Webhook-Test', '1'] as const;

/** A request that was sent, as it was sent, and what came of it. */
export interface SentTest {
  /** As the receiver got them, save what the connection itself needs. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly result: OutboundResult;
}

export interface SendingOptions {
  /** Ends the request. */
  readonly signal?: AbortSignal | undefined;
  /** Instead of the deadline of every request. */
  readonly totalTimeoutMs?: number | undefined;
}

/** Signs and sends as delivery does, with the keys that are in use at the moment. */
export class TestSender {
  constructor(
    private readonly accounts: Pick<AccountStore, 'copernicaId'>,
    private readonly keys: Pick<SigningKeyStore, 'active'>,
    private readonly webhooks: Pick<Webhooks, 'secrets'>,
    private readonly sender: Pick<OutboundSender, 'send'>,
  ) {}

  occasion(): Occasion {
    return { id: `test_${randomUUID()}`, at: new Date() };
  }

  /** Throws `signing_key_not_active` when there is nothing to sign with; whatever goes wrong later is a result. */
  async send(
    webhook: Webhook,
    { id, at }: Occasion,
    { contentType, body }: EncodedBody,
    { signal, totalTimeoutMs }: SendingOptions = {},
  ): Promise<SentTest> {
    const url = parseHandlerUrl(webhook.handler);
    const { target, host } = url;
    const signed = await webhookHeaders(
      { target, host, date: at, contentType, body, event: id, attempt: 1 },
      await this.#credentials(webhook),
    );
    const headers = [...signed, TEST_HEADER, ['User-Agent', DEFAULT_USER_AGENT] as const];
    const result = await this.sender.send({
      ...{ method: 'POST', url, headers, body },
      ...(signal === undefined ? {} : { signal }),
      ...(totalTimeoutMs === undefined ? {} : { totalTimeoutMs }),
    });
    return { headers: [['Host', host], ...headers, ...lengthOf(headers, body)], result };
  }

  async #credentials(webhook: Webhook): Promise<WebhookCredentials> {
    if (webhook.format !== 'form') {
      const secrets = this.webhooks.secrets(webhook).map(parseWebhookSigningKey);
      return { secrets, origin: webhook.origin ?? undefined };
    }
    const { keyId, privateKey } = await this.keys.active(webhook.account);
    const copernicaId = await this.accounts.copernicaId(webhook.account);
    return { copernicaId, keyId, sign: rsaSigner(privateKey) };
  }
}

/** It is always sent, and only some signatures hold it. */
function lengthOf(headers: SentTest['headers'], body: Buffer): SentTest['headers'] {
  if (headers.some(([name]) => name === 'Content-Length')) return [];
  return [['Content-Length', String(body.length)]];
}
