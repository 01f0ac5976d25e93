import { createHmac } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { generateWebhookSecret, parseWebhookSecret, signStandardWebhook, verifyStandardWebhook } from './index.js';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const id = 'msg_p5jXN8AQM9LWM0D4loKWxJek';
const timestamp = new Date(1_614_265_330_000);
const body = Buffer.from('{"test": 2432232314}');
const secrets = [parseWebhookSecret(SECRET)];

describe('Standard Webhooks', () => {
  it("given the example of the standard's libraries, then its signature is reproduced", () => {
    expect(signStandardWebhook({ id, timestamp, body, secrets })).toEqual([
      ['webhook-id', id],
      ['webhook-timestamp', '1614265330'],
      ['webhook-signature', 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='],
    ]);
  });

  it('given any body and secret, then the signature is the HMAC of id, seconds and body, written out', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.uint8Array({ minLength: 24, maxLength: 64 }), (bytes, key) => {
        const secret = parseWebhookSecret(`whsec_${Buffer.from(key).toString('base64')}`);
        const expected = createHmac('sha256', key)
          .update(Buffer.concat([Buffer.from(`${id}.1614265330.`), bytes]))
          .digest('base64');
        expect(signStandardWebhook({ id, timestamp, body: bytes, secrets: [secret] })[2]).toEqual([
          'webhook-signature',
          `v1,${expected}`,
        ]);
      }),
    );
  });

  it('given two secrets while they rotate, then either verifies', () => {
    const old = parseWebhookSecret(generateWebhookSecret());
    const headers = signStandardWebhook({ id, timestamp, body, secrets: [...secrets, old] });

    expect(verifyStandardWebhook({ headers, body, secrets: [old], now: timestamp })).toMatchObject({ id, timestamp });
    expect(verifyStandardWebhook({ headers, body, secrets, now: timestamp })).toMatchObject({ id, timestamp });
  });

  it.each([
    ['another body', 'signature_mismatch', { body: Buffer.from('{}') }],
    ['another secret', 'signature_mismatch', { secrets: [parseWebhookSecret(generateWebhookSecret())] }],
    ['an old timestamp', 'timestamp_out_of_tolerance', { now: new Date(timestamp.getTime() + 301_000) }],
    ['a future timestamp', 'timestamp_out_of_tolerance', { now: new Date(timestamp.getTime() - 301_000) }],
    ['no headers', 'header_missing', { headers: [] }],
  ])('given %s, then it fails with %s', (_what, code, change) => {
    const headers = signStandardWebhook({ id, timestamp, body, secrets });
    expect(() => verifyStandardWebhook({ headers, body, secrets, now: timestamp, ...change })).toThrow(
      expect.objectContaining({ code }),
    );
  });

  it.each([
    '',
    'whsec_',
    'secret',
    'whsec_c2hvcnQ=',
    `whsec_${'A'.repeat(200)}`,
    'whsec_not base64 not base64 not base64',
  ])('given the secret %j, then it is refused', (secret) => {
    expect(() => parseWebhookSecret(secret)).toThrow(expect.objectContaining({ code: 'secret_malformed' }));
  });
});
