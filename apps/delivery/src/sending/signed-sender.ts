import { createNonce, imfFixdate, rsaSigner, signRequest, signStandardWebhook } from '@postduif/signing';
import type { AsyncSigner } from '@postduif/signing';
import { parseHandlerUrl } from '@postduif/outbound';
import type { OutboundResult, OutboundSender, ParsedHandlerUrl } from '@postduif/outbound';
import type { WebhookSnapshot } from '@postduif/contracts';
import type { SigningKey } from '../configuration/signing-keys.js';
import type { WebhookDirectory } from '../configuration/webhook-directory.js';
import type { Clock, Job, Sender } from '../engine/ports.js';
import { signingBound, signingThreads } from './bounded-signer.js';

type Header = readonly [name: string, value: string];

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

  canSign({ format, account }: WebhookSnapshot): boolean {
    return format !== 'form' || this.directory.signingKeys.activeFor(account) !== undefined;
  }

  async post(job: Job, webhook: WebhookSnapshot): Promise<OutboundResult> {
    try {
      const url = this.#url(webhook);
      const signed =
        webhook.format === 'form' ? await this.#httpSignature(job, url) : this.#standardWebhook(job, webhook);
      return await this.outbound.send({ method: 'POST', url, headers: [...signed, ...extras(job)], body: job.body });
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

  /** Spec section 6. */
  async #httpSignature(job: Job, url: ParsedHandlerUrl): Promise<Header[]> {
    const key = this.directory.signingKeys.activeFor(job.delivery.account);
    if (key === undefined) throw new Error('no signing key is active any more');
    return signRequest({
      method: 'POST',
      target: url.target,
      host: url.host,
      date: new Date(this.clock.now()),
      contentType: job.delivery.contentType,
      body: job.body,
      copernicaId: this.directory.copernicaId(job.delivery.account),
      nonce: createNonce(),
      keyId: key.keyId,
      sign: this.#signer(key),
    });
  }

  #standardWebhook(job: Job, webhook: WebhookSnapshot): Header[] {
    const secrets = this.directory.secrets(webhook);
    if (secrets.length === 0) throw new Error('no secret of the webhook could be opened');
    const date = new Date(this.clock.now());
    return [
      ['Date', imfFixdate(date)],
      ['Content-Type', job.delivery.contentType],
      ...signStandardWebhook({ id: job.delivery.event, timestamp: date, body: job.body, secrets }),
    ];
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

/** Not signed, and harmless to a Copernica receiver (spec section 8): what the vendor's protocol lacks for deduplication. */
function extras(job: Job): Header[] {
  const { event, attempt, traceparent } = job.delivery;
  return [
    ['X-Webhook-Event-ID', event],
    ['X-Webhook-Attempt', String(attempt)],
    ...(traceparent === undefined ? [] : [['traceparent', traceparent] as const]),
  ];
}
