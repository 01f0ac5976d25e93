import { types } from 'node:util';
import type { RequestToVerify } from '@postduif/signing';
import { asReceiverError, ReceiverError } from './errors.js';
import { headerOf, headerPairs } from './headers.js';
import type { ReceivedHeaders } from './headers.js';
import { HttpSignatureVerifier } from './http-signature.js';
import type { HttpSignature, HttpSignatureOptions } from './http-signature.js';
import { parseBody } from './payload.js';
import type { Body } from './payload.js';
import { MemoryReplayStore } from './replays.js';
import type { ReplayStore } from './replays.js';
import { StandardWebhooksVerifier } from './standard-webhooks.js';
import type { StandardWebhookSignature, StandardWebhooksOptions } from './standard-webhooks.js';
import type { Verified } from './verified.js';

/** A request as it came, whatever the server. */
export interface ReceivedRequest {
  readonly method: string;
  /** Path and query exactly as on the request line: `url` of Node.js, `originalUrl` of Express and Fastify. */
  readonly target: string;
  readonly headers: ReceivedHeaders;
  /** The bytes as they came, before anything parsed them. */
  readonly body: Uint8Array;
}

export interface ReceiverOptions {
  /** For what is signed as Copernica does. Absent: such requests are refused. */
  readonly httpSignature?: HttpSignatureOptions;
  /** For what is signed by Standard Webhooks, CloudEvents included. Absent: such requests are refused. */
  readonly standardWebhooks?: StandardWebhooksOptions;
  /** Where requests are remembered, so that each is accepted once. Default: in the memory of this process. */
  readonly replays?: ReplayStore;
  /** The clock. */
  readonly now?: () => Date;
}

/** Who signed, told apart by `scheme`. */
export type Signature = HttpSignature | StandardWebhookSignature;

/** A webhook that is what it says it is: its body, told apart by `format`, and who signed it. */
export type Webhook = Body & {
  readonly signature: Signature;
  /**
   * Id of the event, the same at every attempt: do nothing for one that you have handled. Signed with Standard Webhooks; with
   * http-signature it is the header X-Webhook-Event-ID, which Copernica itself does not send and which is not signed.
   */
  readonly eventId: string | undefined;
};

/** Verifies and reads webhooks. One for a process: it keeps keys from DNS and remembers what has come. */
export class Receiver {
  readonly #httpSignature: HttpSignatureVerifier | undefined;
  readonly #standardWebhooks: StandardWebhooksVerifier | undefined;
  readonly #replays: ReplayStore;

  /** Throws `ReceiverError`: `configuration_invalid`, `secret_malformed` or `public_key_malformed`. */
  constructor({ httpSignature, standardWebhooks, now = () => new Date(), replays }: ReceiverOptions) {
    if (httpSignature === undefined && standardWebhooks === undefined)
      throw new ReceiverError('configuration_invalid', 'give httpSignature, standardWebhooks or both');
    this.#replays = replays ?? new MemoryReplayStore(now);
    try {
      this.#httpSignature = httpSignature && new HttpSignatureVerifier(httpSignature, now);
      this.#standardWebhooks = standardWebhooks && new StandardWebhooksVerifier(standardWebhooks, now);
    } catch (error) {
      throw asReceiverError(error);
    }
  }

  /**
   * Verifies a request and reads its body. Throws `ReceiverError`; what a function in the options throws comes through as it is.
   * Answer with 2xx only when you have done or stored what it asks for: anything else is sent again.
   */
  async verify(request: ReceivedRequest): Promise<Webhook> {
    const arrived = asArrived(request);
    const { signature, eventId } = await this.#verified(arrived);
    const contentType = headerOf(arrived.headers, 'content-type');
    return { signature, eventId, ...parseBody(contentType, arrived.body, signature.scheme === 'http-signature') };
  }

  /** Verifies a request and leaves its body alone: for requests without one, and bodies that `verify` does not know. */
  async verifySignature(request: ReceivedRequest): Promise<Signature> {
    return (await this.#verified(asArrived(request))).signature;
  }

  async #verified(request: RequestToVerify): Promise<Verified<Signature>> {
    try {
      const verified = await this.#verifierFor(request).verify(request);
      if (await this.#replays.remember(verified.replayId, verified.until)) return verified;
    } catch (error) {
      throw asReceiverError(error);
    }
    throw new ReceiverError('replayed');
  }

  #verifierFor({ headers }: RequestToVerify): HttpSignatureVerifier | StandardWebhooksVerifier {
    const given = [
      ['signature', this.#httpSignature] as const,
      ['webhook-signature', this.#standardWebhooks] as const,
    ].filter(([name]) => headerOf(headers, name) !== undefined);
    if (given.length === 0) throw new ReceiverError('unsigned');
    const [verifier] = given.flatMap(([, configured]) => configured ?? []);
    if (verifier === undefined) throw new ReceiverError('scheme_not_configured');
    return verifier;
  }
}

function asArrived({ method, target, headers, body }: ReceivedRequest): RequestToVerify {
  if (!target.startsWith('/')) throw new ReceiverError('target_not_path');
  if (!types.isUint8Array(body)) throw new ReceiverError('body_not_raw');
  return { method, target, headers: headerPairs(headers), body };
}
