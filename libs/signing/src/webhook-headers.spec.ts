import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { rsaSigner } from './http-signature.js';
import { verifyRequest } from './http-signature-verifier.js';
import { verifyStandardWebhook } from './standard-webhooks.js';
import { generateWebhookSecret, parseWebhookSecret } from './standard-webhooks-keys.js';
import { webhookHeaders } from './webhook-headers.js';

const DATE = new Date('2026-01-15T10:20:30Z');
const REQUEST = {
  target: '/hook?x=%2F',
  host: 'hooks.example.org',
  date: DATE,
  contentType: 'application/x-www-form-urlencoded',
  body: Buffer.from('type=click'),
  event: 'evt-1',
  attempt: 3,
};

describe('the headers of a request to a handler', () => {
  it('given a key for http-signatures, hold one that a receiver verifies, and what tells repeats', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
    const credentials = { copernicaId: 'account_1', keyId: 'one.example.org', sign: rsaSigner(privateKey) };
    const headers = await webhookHeaders(REQUEST, credentials);
    const verified = await verifyRequest(
      { method: 'POST', target: REQUEST.target, headers: [['Host', REQUEST.host], ...headers], body: REQUEST.body },
      { now: DATE, resolveKey: () => publicKey },
    );
    expect(verified).toMatchObject({ copernicaId: 'account_1', keyId: 'one.example.org', date: DATE });
    expect(headers.slice(-2)).toEqual([
      ['X-Webhook-Event-ID', 'evt-1'],
      ['X-Webhook-Attempt', '3'],
    ]);
  });

  it('given secrets, hold the signatures of Standard Webhooks with the id of the event', async () => {
    const secrets = [generateWebhookSecret(), generateWebhookSecret()].map(parseWebhookSecret);
    const headers = await webhookHeaders(REQUEST, { secrets });
    for (const secret of secrets) {
      const verified = verifyStandardWebhook({ headers, body: REQUEST.body, secrets: [secret], now: DATE });
      expect([verified.id, verified.timestamp]).toEqual(['evt-1', DATE]);
    }
    expect(headers.map(([name]) => name)).toEqual([
      ...['Date', 'Content-Type', 'webhook-id', 'webhook-timestamp', 'webhook-signature'],
      ...['X-Webhook-Event-ID', 'X-Webhook-Attempt'],
    ]);
  });

  it('given the name that a receiver agreed to, say it', async () => {
    const secrets = [parseWebhookSecret(generateWebhookSecret())];
    const headers = await webhookHeaders(REQUEST, { secrets, origin: 'webhooks.example' });
    expect(headers).toContainEqual(['WebHook-Request-Origin', 'webhooks.example']);
  });

  it('given a trace context, pass it on', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const secrets = [parseWebhookSecret(generateWebhookSecret())];
    expect((await webhookHeaders({ ...REQUEST, traceparent }, { secrets })).at(-1)).toEqual([
      'traceparent',
      traceparent,
    ]);
  });
});
