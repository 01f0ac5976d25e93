import type { KeyObject } from 'node:crypto';
import { SigningError, verifyRequest, verifyStandardWebhook } from '@postduif/signing';
import type { WebhookSecret } from '@postduif/signing';
import { headerOf } from './arrived-request.js';
import type { ArrivedRequest } from './arrived-request.js';

/** Where public keys and secrets come from. */
export interface SigningMaterial {
  /** The public key under a DNS name. */
  key(keyId: string): Promise<KeyObject | undefined>;
  /** Secrets of the `json` webhooks at a request target of this receiver. */
  secrets(target: string): Promise<readonly WebhookSecret[]>;
  /** Is it worth trying once more, because something newer was loaded? */
  reload(): Promise<boolean>;
}

/** What the signature of a request is worth. */
export interface Verdict {
  readonly kind: 'http-signature' | 'standard-webhooks' | 'none';
  readonly valid: boolean;
  /** Who signed, or why it is not valid. */
  readonly detail: string;
  /** Stable code of `libs/signing` when it is not valid; `unverifiable` when there was nothing to verify it with. */
  readonly code?: string;
}

/** Verifies a request of either kind by the signature that it brings. */
export async function verify(request: ArrivedRequest, material: SigningMaterial): Promise<Verdict> {
  const verdict = await verifyOnce(request, material);
  const renewable = verdict.code === 'key_not_found' || verdict.code === 'signature_mismatch';
  return renewable && (await material.reload()) ? verifyOnce(request, material) : verdict;
}

async function verifyOnce(request: ArrivedRequest, material: SigningMaterial): Promise<Verdict> {
  const kind =
    headerOf(request, 'signature') !== undefined
      ? 'http-signature'
      : headerOf(request, 'webhook-signature') !== undefined
        ? 'standard-webhooks'
        : 'none';
  if (kind === 'none') return { kind, valid: false, code: 'unsigned', detail: 'The request brings no signature.' };
  try {
    const detail =
      kind === 'http-signature' ? await httpSignature(request, material) : await standardWebhook(request, material);
    return { kind, valid: true, detail };
  } catch (error) {
    if (error instanceof SigningError) return { kind, valid: false, code: error.code, detail: error.message };
    return { kind, valid: false, code: 'unverifiable', detail: error instanceof Error ? error.message : String(error) };
  }
}

async function httpSignature(request: ArrivedRequest, material: SigningMaterial): Promise<string> {
  const { keyId, copernicaId } = await verifyRequest(request, {
    now: request.at,
    resolveKey: (id) => material.key(id),
  });
  return `${copernicaId}, key ${keyId}`;
}

async function standardWebhook(request: ArrivedRequest, material: SigningMaterial): Promise<string> {
  const secrets = await material.secrets(request.target);
  const { id } = verifyStandardWebhook({ headers: request.headers, body: request.body, secrets, now: request.at });
  return `webhook-id ${id}`;
}
