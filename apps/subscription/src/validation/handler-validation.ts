import type { Access } from '@postduif/access';
import { parseHandlerUrl } from '@postduif/outbound';
import type { OutboundSender } from '@postduif/outbound';
import { createNonce, rsaSigner, signRequest } from '@postduif/signing';
import type { AccountStore } from '../accounts/account-store.js';
import type { SigningKeyStore } from '../signing-keys/signing-key-store.js';
import type { Webhooks } from '../webhooks/webhooks.js';
import { fileLocations, isExpectedLine } from './verification-file.js';

const TOTAL_MS = 10_000;
const SHOWN_CHARACTERS = 100;

/** What was found at one place. */
export interface LocationReport {
  readonly url: string;
  readonly found: boolean;
  readonly status?: number;
  /** Code and sentence when no answer came. */
  readonly error?: string;
  readonly message?: string;
  /** The beginning of the answer's body. */
  readonly body?: string;
}

export interface ValidationReport {
  readonly validated: boolean;
  readonly locations: readonly LocationReport[];
}

/** Fetches verification files (spec section 7.1). */
export class HandlerValidation {
  constructor(
    private readonly webhooks: Webhooks,
    private readonly accounts: AccountStore,
    private readonly keys: SigningKeyStore,
    private readonly sender: Pick<OutboundSender, 'send'>,
  ) {}

  /** Looks at each place until the file is found; ten seconds in all, or until `wanted` is aborted. */
  async validate(caller: Access, id: string, wanted?: AbortSignal): Promise<ValidationReport> {
    const { handler, verification, validated } = await this.webhooks.get(caller, id);
    const late = AbortSignal.timeout(TOTAL_MS);
    const signal = wanted === undefined ? late : AbortSignal.any([late, wanted]);
    const locations: LocationReport[] = [];
    for (const url of fileLocations(handler, verification.name)) {
      const report = await this.#look(url, verification.line, caller.account, signal);
      locations.push(report);
      if (report.found) return { validated: await this.webhooks.confirm(caller, id, verification.name), locations };
    }
    return { validated, locations };
  }

  async #look(address: string, line: string, account: string, signal: AbortSignal): Promise<LocationReport> {
    const url = parseHandlerUrl(address);
    const { keyId, privateKey } = await this.keys.active(account);
    const headers = await signRequest({
      method: 'GET',
      target: url.target,
      host: url.host,
      date: new Date(),
      body: new Uint8Array(),
      copernicaId: await this.accounts.copernicaId(account),
      nonce: createNonce(),
      keyId,
      sign: rsaSigner(privateKey),
    });
    const result = await this.sender.send({ method: 'GET', url, headers, signal, totalTimeoutMs: TOTAL_MS });
    if (result.outcome === 'error') return { url: address, found: false, error: result.code, message: result.message };
    const { status, body, bodyTruncated } = result;
    const found = status === 200 && !bodyTruncated && isExpectedLine(body, line);
    return { url: address, found, status, body: body.toString('utf8').slice(0, SHOWN_CHARACTERS) };
  }
}
