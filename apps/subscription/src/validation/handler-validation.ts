import type { Access } from '@postduif/access';
import { ApiError } from '@postduif/contracts';
import type { HandshakeReport, LocationReport, ValidationReport } from '@postduif/contracts';
import { parseHandlerUrl } from '@postduif/outbound';
import type { OutboundSender } from '@postduif/outbound';
import { createNonce, rsaSigner, signRequest } from '@postduif/signing';
import type { AccountStore } from '../accounts/account-store.js';
import type { SigningKeyStore } from '../signing-keys/signing-key-store.js';
import type { Webhook } from '../webhooks/webhook.js';
import type { Webhooks } from '../webhooks/webhooks.js';
import type { Handshake } from './handshake.js';
import { fileLocations, isExpectedLine } from './verification-file.js';

const TOTAL_MS = 10_000;
/** A server that does not answer OPTIONS may have a file all the same. */
const HANDSHAKE_MS = 5_000;
const SHOWN_CHARACTERS = 100;

/** Asks receivers of CloudEvents, and fetches verification files (spec section 7.1). */
export class HandlerValidation {
  constructor(
    private readonly webhooks: Webhooks,
    private readonly accounts: AccountStore,
    private readonly keys: SigningKeyStore,
    private readonly sender: Pick<OutboundSender, 'send'>,
    private readonly handshake: Handshake,
  ) {}

  /**
   * Asks the receiver, where the format is CloudEvents; then looks at each place until the file is found. Ten seconds in all, or until
   * `wanted` is aborted.
   */
  async validate(caller: Access, id: string, wanted?: AbortSignal): Promise<ValidationReport> {
    const webhook = await this.webhooks.get(caller, id);
    const { handler, verification, validated, format } = webhook;
    const late = AbortSignal.timeout(TOTAL_MS);
    const signal = wanted === undefined ? late : AbortSignal.any([late, wanted]);
    const asked =
      format === 'cloudevents'
        ? { handshake: await this.handshake.ask(webhook, { signal, timeoutMs: HANDSHAKE_MS }) }
        : undefined;
    if (asked?.handshake.granted === true && (await this.#agree(webhook, asked.handshake)))
      return { validated: true, ...asked, locations: [] };
    const locations: LocationReport[] = [];
    for (const url of fileLocations(handler, verification.name)) {
      const look = () => this.#look(url, verification.line, caller.account, signal);
      const report = await (asked === undefined ? look() : reporting(url, look));
      locations.push(report);
      if (report.found)
        return { validated: await this.webhooks.confirm(caller, id, verification.name), ...asked, locations };
    }
    return { validated, ...asked, locations };
  }

  #agree({ account, id, handler }: Webhook, { origin, allowedRate = null }: HandshakeReport): Promise<boolean> {
    return this.webhooks.agree({ account, id, handler, origin }, allowedRate);
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

/** What a receiver has answered is to be reported also while no key can sign the request for a file. */
async function reporting(url: string, look: () => Promise<LocationReport>): Promise<LocationReport> {
  try {
    return await look();
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 'signing_key_not_active') throw error;
    return { url, found: false, error: error.code, message: error.message };
  }
}
