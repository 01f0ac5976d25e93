import { Receiver } from '@postduif/receiver';
import {
  createNonce,
  dnsRecord,
  generateSigningKey,
  generateWebhookSecret,
  parseWebhookSecret,
  rsaSigner,
  signRequest,
  signStandardWebhook,
} from '@postduif/signing';
import type { ArrivedRequest } from '../arrived-request.js';
import type { SigningMaterial } from '../verification.js';

export const KEY_ID = 'wh202601._domainkey.example.org';
export const TARGET = '/hook?a=%2F';
export const secret = generateWebhookSecret();
export const keys = await generateSigningKey();

/** Knows the key and the secret of this file. */
export const receiver = new Receiver({
  httpSignature: {
    copernicaId: '*',
    host: '*',
    keyDomains: ['example.org'],
    resolveTxt: (name) => Promise.resolve(name === KEY_ID ? [[dnsRecord(keys.publicKey)]] : []),
  },
  standardWebhooks: { secrets: [secret] },
});
export const material: SigningMaterial = {
  receiver: () => Promise.resolve(receiver),
  reload: () => Promise.resolve(false),
};

/** As delivery posts a form, signed now. */
export async function formRequest(body: Buffer, host = '127.0.0.1:9090', at = new Date()): Promise<ArrivedRequest> {
  const signed = await signRequest({
    method: 'POST',
    target: TARGET,
    host,
    date: at,
    contentType: 'application/x-www-form-urlencoded',
    body,
    copernicaId: 'account_1234',
    nonce: createNonce(),
    keyId: KEY_ID,
    sign: rsaSigner(keys.privateKey),
  });
  const names = new Set(signed.map(([name]) => name.toLowerCase()));
  const headers = names.has('host') ? signed : [['Host', host] as const, ...signed];
  return {
    at,
    method: 'POST',
    target: TARGET,
    headers: [...headers, ['X-Webhook-Event-ID', 'evt-1'], ['X-Webhook-Attempt', '2']],
    body,
  };
}

/** As delivery posts JSON, signed now. */
export function jsonRequest(body: Buffer, at = new Date()): ArrivedRequest {
  const signed = signStandardWebhook({ id: 'evt-1', timestamp: at, body, secrets: [parseWebhookSecret(secret)] });
  return {
    at,
    method: 'POST',
    target: TARGET,
    headers: [['Content-Type', 'application/json'], ...signed, ['X-Webhook-Attempt', '1']],
    body,
  };
}
