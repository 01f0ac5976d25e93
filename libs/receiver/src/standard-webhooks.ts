import { parseWebhookVerificationKey, verifyStandardWebhook } from '@postduif/signing';
import type { RequestToVerify, WebhookVerificationKey } from '@postduif/signing';
import { ReceiverError } from './errors.js';
import { assertSeconds, replayIdOf, secondsAfter } from './verified.js';
import type { Verified } from './verified.js';

/** How requests that are signed by Standard Webhooks are verified. */
export interface StandardWebhooksOptions {
  /**
   * Secrets (`whsec_…`) and public keys (`whpk_…`), one of which must have signed: several while they change. A function when they
   * depend on the request, such as on its target, or live elsewhere; it is asked at every request.
   */
  readonly secrets: readonly string[] | ((request: RequestToVerify) => readonly string[] | Promise<readonly string[]>);
  /** Seconds that the timestamp may differ from the clock, either way. Default 300. */
  readonly toleranceSeconds?: number;
}

/** A signature of Standard Webhooks, verified. */
export interface StandardWebhookSignature {
  readonly scheme: 'standard-webhooks';
  /** Id of the event, as in webhook-id: the same at every attempt. */
  readonly id: string;
  readonly sentAt: Date;
}

type Keys = (request: RequestToVerify) => Promise<readonly WebhookVerificationKey[]>;

export class StandardWebhooksVerifier {
  readonly #keys: Keys;
  readonly #toleranceSeconds: number;

  constructor(
    { secrets, toleranceSeconds = 300 }: StandardWebhooksOptions,
    private readonly now: () => Date,
  ) {
    if (secrets.length === 0 && typeof secrets !== 'function')
      throw new ReceiverError('configuration_invalid', 'secrets are empty');
    assertSeconds({ toleranceSeconds });
    this.#keys = keysFrom(secrets);
    this.#toleranceSeconds = toleranceSeconds;
  }

  async verify(request: RequestToVerify): Promise<Verified<StandardWebhookSignature>> {
    const secrets = await this.#keys(request);
    const { headers, body } = request;
    const toleranceSeconds = this.#toleranceSeconds;
    const { id, timestamp, signature } = verifyStandardWebhook({
      headers,
      body,
      secrets,
      now: this.now(),
      toleranceSeconds,
    });
    return {
      signature: { scheme: 'standard-webhooks', id, sentAt: timestamp },
      eventId: id,
      // Not id and timestamp: two webhooks may bring the same event in the same second, each with its own secret.
      replayId: replayIdOf(signature.toString('base64')),
      until: secondsAfter(timestamp, toleranceSeconds),
    };
  }
}

/** Those that do not change are parsed once. */
function keysFrom(secrets: StandardWebhooksOptions['secrets']): Keys {
  if (typeof secrets === 'function')
    return async (request) => (await secrets(request)).map(parseWebhookVerificationKey);
  const keys = secrets.map(parseWebhookVerificationKey);
  return () => Promise.resolve(keys);
}
