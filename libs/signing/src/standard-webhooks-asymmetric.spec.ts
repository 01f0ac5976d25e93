import { createPublicKey, createSecretKey, generateKeyPairSync, sign, verify } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  generateWebhookKeyPair,
  generateWebhookSecret,
  parseWebhookPrivateKey,
  parseWebhookPublicKey,
  parseWebhookSecret,
  parseWebhookSigningKey,
  parseWebhookVerificationKey,
  signStandardWebhook,
  verifyStandardWebhook,
  webhookPublicKeyOf,
} from './index.js';
import type { Header, WebhookVerificationKey } from './index.js';

/** The signature in the example of the specification, with the keys that made it. */
const VECTOR = {
  privateKey: 'whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==',
  publicKey: 'whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=',
  signature: 'hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==',
};
const id = 'msg_p5jXN8AQM9LWM0D4loKWxJek';
const timestamp = new Date(1_614_265_330_000);
const body = Buffer.from('{"test": 2432232314}');
const privateKey = parseWebhookPrivateKey(VECTOR.privateKey);
const publicKey = parseWebhookPublicKey(VECTOR.publicKey);
const signed = signStandardWebhook({ id, timestamp, body, secrets: [privateKey] });

const signatureOf = (headers: readonly Header[]): string => headers.find(([name]) => name === 'webhook-signature')![1];
const withSignature = (value: string): Header[] => [...signed.slice(0, 2), ['webhook-signature', value]];
const verifying = (headers: readonly Header[], secrets: readonly WebhookVerificationKey[]) =>
  verifyStandardWebhook({ headers, body, secrets, now: timestamp });
const failing = (code: string): unknown => expect.objectContaining({ code });

describe('Standard Webhooks with asymmetric keys', () => {
  it("given the specification's keys, then its signature is reproduced and verifies", () => {
    expect(signatureOf(signed)).toBe(`v1a,${VECTOR.signature}`);
    expect(verifying(signed, [publicKey])).toEqual({
      id,
      timestamp,
      signature: Buffer.from(VECTOR.signature, 'base64'),
    });
  });

  it('given any body and a new pair, then node:crypto on its own verifies id, seconds and body, written out', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const pair = generateWebhookKeyPair();
        const secrets = [parseWebhookPrivateKey(pair.privateKey)];
        const header = signatureOf(signStandardWebhook({ id, timestamp, body: bytes, secrets }));
        const x = Buffer.from(pair.publicKey.slice('whpk_'.length), 'base64').toString('base64url');
        const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
        const written = Buffer.concat([Buffer.from(`${id}.1614265330.`), bytes]);
        expect(verify(null, written, key, Buffer.from(header.slice('v1a,'.length), 'base64'))).toBe(true);
      }),
    );
  });

  it('given a signature that node:crypto made on its own, then it verifies', () => {
    const pair = generateKeyPairSync('ed25519');
    const x = Buffer.from(pair.publicKey.export({ format: 'jwk' }).x ?? '', 'base64url').toString('base64');
    const made = sign(null, Buffer.from(`${id}.1614265330.{"test": 2432232314}`), pair.privateKey).toString('base64');
    expect(verifying(withSignature(`v1a,${made}`), [parseWebhookPublicKey(`whpk_${x}`)])).toMatchObject({ id });
  });

  it('given a change from a secret to a key pair, then both signatures are sent and either verifies', () => {
    const secret = parseWebhookSecret(generateWebhookSecret());
    const headers = signStandardWebhook({ id, timestamp, body, secrets: [secret, privateKey] });
    expect(signatureOf(headers)).toMatch(/^v1,\S{44} v1a,\S{88}$/);
    expect(verifying(headers, [secret])).toMatchObject({ id });
    expect(verifying(headers, [publicKey])).toMatchObject({ id });
  });

  it.each([
    ['another body', { body: Buffer.from('{}') }],
    ['another id', { headers: signed.map(([name, value]) => [name, name === 'webhook-id' ? 'x' : value] as const) }],
    ['the public key of another pair', { secrets: [parseWebhookPublicKey(generateWebhookKeyPair().publicKey)] }],
    ['its version called v1', { headers: withSignature(`v1,${VECTOR.signature}`) }],
    ['no version', { headers: withSignature(VECTOR.signature) }],
    ['half of the signature', { headers: withSignature(`v1a,${VECTOR.signature.slice(0, 44)}`) }],
    ['no secret', { secrets: [] }],
    [
      'the public key where the secret of a MAC would be',
      { secrets: [{ key: createSecretKey(VECTOR.publicKey.slice('whpk_'.length), 'base64') }] },
    ],
  ])('given %s, then it does not verify', (_what, change) => {
    const given = { headers: signed, body, secrets: [publicKey], now: timestamp, ...change };
    expect(() => verifyStandardWebhook(given)).toThrow(failing('signature_mismatch'));
  });

  it('given more signatures than any rotation has, then only the first of them are tried', () => {
    const filler = (count: number): string => 'v1a,AAAA '.repeat(count);
    expect(verifying(withSignature(`${filler(15)}v1a,${VECTOR.signature}`), [publicKey])).toMatchObject({ id });
    expect(() => verifying(withSignature(`${filler(16)}v1a,${VECTOR.signature}`), [publicKey])).toThrow(
      failing('signature_mismatch'),
    );
  });
});

describe('keys in text', () => {
  it('given a prefix, then the kind of key is told by it', () => {
    const secret = generateWebhookSecret();
    expect(parseWebhookSigningKey(secret)).toEqual(parseWebhookSecret(secret));
    expect(parseWebhookVerificationKey(secret)).toEqual(parseWebhookSecret(secret));
    expect(parseWebhookSigningKey(VECTOR.privateKey)).toHaveProperty('privateKey');
    expect(parseWebhookVerificationKey(VECTOR.publicKey)).toHaveProperty('publicKey');
  });

  it('given a private key, then its public key is known', () => {
    expect(webhookPublicKeyOf(VECTOR.privateKey)).toBe(VECTOR.publicKey);
    const pair = generateWebhookKeyPair();
    expect(webhookPublicKeyOf(pair.privateKey)).toBe(pair.publicKey);
    expect(() => webhookPublicKeyOf(VECTOR.publicKey)).toThrow(failing('private_key_malformed'));
  });

  it('given a private key where a public one is expected, or the reverse, then it is refused', () => {
    expect(() => parseWebhookVerificationKey(VECTOR.privateKey)).toThrow(failing('secret_malformed'));
    expect(() => parseWebhookSigningKey(VECTOR.publicKey)).toThrow(failing('secret_malformed'));
  });

  it.each(['', 'whpk_', `whpk_${'A'.repeat(44)}`, VECTOR.publicKey.replace('=', ''), VECTOR.privateKey])(
    'given the public key %j, then it is refused',
    (text) => {
      expect(() => parseWebhookPublicKey(text)).toThrow(failing('public_key_malformed'));
    },
  );

  it.each([
    ['nothing', ''],
    ['no key', 'whsk_'],
    ['only the private half', `whsk_${Buffer.alloc(32, 1).toString('base64')}`],
    ['halves of two pairs', `whsk_${Buffer.alloc(64, 1).toString('base64')}`],
  ])('given %s as a private key, then it is refused, without the key in the message', (_what, text) => {
    expect(() => parseWebhookPrivateKey(text)).toThrow(failing('private_key_malformed'));
    expect(() => parseWebhookPrivateKey(text)).not.toThrow(/AQEB/);
  });
});
