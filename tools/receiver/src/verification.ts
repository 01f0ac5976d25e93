import { ReceiverError } from '@postduif/receiver';
import type { Receiver, Signature } from '@postduif/receiver';
import { headerOf } from './arrived-request.js';
import type { ArrivedRequest } from './arrived-request.js';

/** Where public keys and secrets come from. */
export interface SigningMaterial {
  /** A receiver that knows them. */
  receiver(): Promise<Receiver>;
  /** Is it worth trying once more, because something newer was loaded? */
  reload(): Promise<boolean>;
}

/** What the signature of a request is worth. */
export interface Verdict {
  readonly kind: Signature['scheme'] | 'none';
  readonly valid: boolean;
  /** Who signed, or why it is not valid. */
  readonly detail: string;
  /** Stable code of `libs/receiver` when it is not valid; `unverifiable` when there was nothing to verify it with. */
  readonly code?: string;
}

/** What may be because a key or secret is newer than what is known. */
const RENEWABLE = new Set(['key_not_allowed', 'key_not_found', 'signature_mismatch']);

/** Verifies a request of either kind by the signature that it brings. */
export async function verify(request: ArrivedRequest, material: SigningMaterial): Promise<Verdict> {
  const verdict = await verifyOnce(request, material);
  return RENEWABLE.has(verdict.code ?? '') && (await material.reload()) ? verifyOnce(request, material) : verdict;
}

async function verifyOnce(request: ArrivedRequest, material: SigningMaterial): Promise<Verdict> {
  const kind = kindOf(request);
  try {
    const receiver = await material.receiver();
    return { kind, valid: true, detail: signer(await receiver.verifySignature(request)) };
  } catch (error) {
    const code = error instanceof ReceiverError ? error.code : 'unverifiable';
    return { kind, valid: false, code, detail: error instanceof Error ? error.message : String(error) };
  }
}

function kindOf(request: ArrivedRequest): Verdict['kind'] {
  if (headerOf(request, 'signature') !== undefined) return 'http-signature';
  return headerOf(request, 'webhook-signature') === undefined ? 'none' : 'standard-webhooks';
}

function signer(signature: Signature): string {
  return signature.scheme === 'http-signature'
    ? `${signature.copernicaId}, key ${signature.keyId}`
    : `webhook-id ${signature.id}`;
}
