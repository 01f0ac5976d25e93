import { verifyRequest } from '@postduif/signing';
import type { RequestToVerify, VerifyOptions } from '@postduif/signing';
import { DNS_NAME, DnsKeys } from './dns-keys.js';
import type { DnsKeysOptions } from './dns-keys.js';
import { ReceiverError } from './errors.js';
import { headerOf } from './headers.js';
import { assertSeconds, replayIdOf, secondsAfter } from './verified.js';
import type { Verified } from './verified.js';

/** How requests that are signed as Copernica does are verified: with an RSA key that is looked up in DNS. */
export interface HttpSignatureOptions extends DnsKeysOptions {
  /**
   * The account that you expect, exactly as in X-Copernica-ID, such as `account_1234`; several, or `*` for any. All accounts of
   * an installation may have the same key, so `*` lets them all in.
   */
  readonly copernicaId: string | readonly string[];
  /**
   * Your own name as in the Host header, with the port unless it is 80 or 443, such as `hooks.example.org`; several, or `*` for any.
   * With `*` another receiver of the same account can pass on to you what was meant for it.
   */
  readonly host: string | readonly string[];
  /** Domains under which the sender keeps its keys, such as `copernica.com`. Whoever can add names there can sign. */
  readonly keyDomains: readonly string[];
  /** Seconds that a request may be old. Default 60, as in the vendor's verifier. */
  readonly maxAgeSeconds?: number;
  /** Seconds that a request may be ahead of the clock. Default 60. */
  readonly maxFutureSeconds?: number;
}

/** A signature as Copernica makes it, verified. */
export interface HttpSignature {
  readonly scheme: 'http-signature';
  /** DNS name of the key. */
  readonly keyId: string;
  /** The account, as in X-Copernica-ID. */
  readonly copernicaId: string;
  readonly nonce: string;
  readonly sentAt: Date;
}

export class HttpSignatureVerifier {
  readonly #keys: DnsKeys;
  readonly #maxAgeSeconds: number;
  readonly #expected: Omit<VerifyOptions, 'now' | 'resolveKey'>;

  constructor(
    options: HttpSignatureOptions,
    private readonly now: () => Date,
  ) {
    const { keyDomains, copernicaId, host, maxAgeSeconds = 60, maxFutureSeconds = 60 } = options;
    if (keyDomains.length === 0 || !keyDomains.every((domain) => DNS_NAME.test(domain)))
      throw new ReceiverError('configuration_invalid', 'keyDomains are names such as copernica.com, in lower case');
    for (const [name, value] of Object.entries({ copernicaId, host }))
      if (value.length === 0) throw new ReceiverError('configuration_invalid', `${name} is empty`);
    assertSeconds({ maxAgeSeconds, maxFutureSeconds });
    this.#keys = new DnsKeys(options, now);
    this.#maxAgeSeconds = maxAgeSeconds;
    this.#expected = {
      allowedKeyDomains: keyDomains,
      ...(isAny(host) ? {} : { expectedHost: host }),
      ...(isAny(copernicaId) ? {} : { expectedCopernicaId: copernicaId }),
      maxAgeSeconds,
      maxFutureSeconds,
    };
  }

  async verify(request: RequestToVerify): Promise<Verified<HttpSignature>> {
    const { keyId, copernicaId, nonce, date } = await verifyRequest(request, {
      ...this.#expected,
      now: this.now(),
      resolveKey: (name) => this.#keys.find(name),
    });
    return {
      signature: { scheme: 'http-signature', keyId, copernicaId, nonce, sentAt: date },
      eventId: headerOf(request.headers, 'x-webhook-event-id'),
      // Without the key's name, which is not signed: with other capitals it would make another id.
      replayId: replayIdOf(copernicaId, nonce, date.getTime()),
      until: secondsAfter(date, this.#maxAgeSeconds),
    };
  }
}

function isAny(expected: string | readonly string[]): boolean {
  return [expected].flat().includes('*');
}
