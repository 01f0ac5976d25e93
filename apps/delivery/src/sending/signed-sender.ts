import { rsaSigner, webhookHeaders } from '@postduif/signing';
import type { AsyncSigner, WebhookCredentials } from '@postduif/signing';
import { parseHandlerUrl } from '@postduif/outbound';
import type { OutboundResult, OutboundSender, ParsedHandlerUrl } from '@postduif/outbound';
import type { WebhookSnapshot } from '@postduif/contracts';
import type { SigningKey } from '../configuration/signing-keys.js';
import type { WebhookDirectory } from '../configuration/webhook-directory.js';
import type { Clock, Job, Sender } from '../engine/ports.js';
import { signingBound, signingThreads } from './bounded-signer.js';

/** Posts deliveries, signed anew at every attempt: a receiver of an http-signature rejects one that is older than 60 s. */
export class SignedSender implements Sender {
  readonly #urls = new WeakMap<WebhookSnapshot, ParsedHandlerUrl>();
  readonly #signers = new WeakMap<SigningKey, AsyncSigner>();
  readonly #bounded = signingBound(signingThreads());

  constructor(
    private readonly directory: WebhookDirectory,
    private readonly outbound: Pick<OutboundSender, 'send'>,
    private readonly clock: Clock,
    /** Told of what is our own fault; the delivery is tried again by its schedule. */
    private readonly unsendable: (error: unknown, job: Job) => void,
  ) {}

  canSign(webhook: WebhookSnapshot): boolean {
    if (webhook.format === 'form') return this.directory.signingKeys.activeFor(webhook.account) !== undefined;
    return this.directory.secrets(webhook, this.clock.now()).length > 0;
  }

  async post(job: Job, webhook: WebhookSnapshot): Promise<OutboundResult> {
    try {
      const url = this.#url(webhook);
      const { delivery, body } = job;
      const { contentType, event, attempt, traceparent } = delivery;
      const date = new Date(this.clock.now());
      const { target, host } = url;
      const headers = await webhookHeaders(
        { target, host, date, contentType, body, event, attempt, traceparent },
        this.#credentials(webhook, delivery.account, date),
      );
      return await this.outbound.send({ method: 'POST', url, headers, body });
    } catch (error) {
      this.unsendable(error, job);
      return {
        outcome: 'error',
        code: 'invalid_request',
        message: 'The request could not be made or signed.',
        timing: { queuedMs: 0, totalMs: 0 },
      };
    }
  }

  #credentials(webhook: WebhookSnapshot, account: string, date: Date): WebhookCredentials {
    if (webhook.format !== 'form') {
      const secrets = this.directory.secrets(webhook, date.getTime());
      if (secrets.length === 0) throw new Error('no secret of the webhook could be opened');
      return { secrets, origin: webhook.origin };
    }
    const key = this.directory.signingKeys.activeFor(account);
    if (key === undefined) throw new Error('no signing key is active any more');
    return { copernicaId: this.directory.copernicaId(account), keyId: key.keyId, sign: this.#signer(key) };
  }

  #url(webhook: WebhookSnapshot): ParsedHandlerUrl {
    let url = this.#urls.get(webhook);
    if (url === undefined) {
      url = parseHandlerUrl(webhook.handler);
      this.#urls.set(webhook, url);
    }
    return url;
  }

  #signer(key: SigningKey): AsyncSigner {
    let signer = this.#signers.get(key);
    if (signer === undefined) {
      signer = this.#bounded(rsaSigner(key.privateKey));
      this.#signers.set(key, signer);
    }
    return signer;
  }
}
