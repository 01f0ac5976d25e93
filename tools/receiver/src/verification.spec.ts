import { describe, expect, it } from '@jest/globals';
import { Receiver } from '@postduif/receiver';
import { generateWebhookSecret } from '@postduif/signing';
import type { ArrivedRequest } from './arrived-request.js';
import { formRequest, jsonRequest, KEY_ID, material, receiver } from './testing/signed-requests.js';
import { verify } from './verification.js';
import type { SigningMaterial } from './verification.js';

const body = Buffer.from('type=click&id=b4icbaqjswyrb7tc');
const json = Buffer.from('{"type":"invoice.paid"}');

describe('verifying what arrives', () => {
  it('given a request signed as Copernica does, is valid and says by whom', async () => {
    expect(await verify(await formRequest(body), material)).toEqual({
      kind: 'http-signature',
      valid: true,
      detail: `account_1234, key ${KEY_ID}`,
    });
  });

  it('given a request signed by Standard Webhooks, is valid and says which event', async () => {
    expect(await verify(jsonRequest(json), material)).toEqual({
      kind: 'standard-webhooks',
      valid: true,
      detail: 'webhook-id evt-1',
    });
  });

  it.each([
    ['another body', (request: ArrivedRequest) => ({ ...request, body: Buffer.from('x') }), 'digest_mismatch'],
    ['another target', (request: ArrivedRequest) => ({ ...request, target: '/hook?a=/' }), 'signature_mismatch'],
  ])('given %s, is invalid with the reason', async (_case, change, code) => {
    const verdict = await verify(change(await formRequest(body)), material);
    expect(verdict).toMatchObject({ kind: 'http-signature', valid: false, code });
    expect(verdict.detail).not.toBe('');
  });

  it('given a request that was signed more than a minute ago, is invalid', async () => {
    const verdict = await verify(await formRequest(body, '127.0.0.1:9090', new Date(Date.now() - 62_000)), material);
    expect(verdict).toMatchObject({ valid: false, code: 'date_too_old' });
  });

  it('given JSON that was changed, is invalid', async () => {
    const verdict = await verify({ ...jsonRequest(json), body: Buffer.from('{}') }, material);
    expect(verdict).toMatchObject({ kind: 'standard-webhooks', valid: false, code: 'signature_mismatch' });
  });

  it('given no signature, is invalid', async () => {
    const verdict = await verify({ ...jsonRequest(json), headers: [] }, material);
    expect(verdict).toMatchObject({ kind: 'none', valid: false, code: 'unsigned' });
  });

  it('given nothing to verify with, says what is missing', async () => {
    const without: SigningMaterial = {
      ...material,
      receiver: () => Promise.reject(new Error('Start the stack first')),
    };
    expect(await verify(await formRequest(body), without)).toMatchObject({
      valid: false,
      code: 'unverifiable',
      detail: 'Start the stack first',
    });
  });

  it('given a key that is newer than what is known, loads again and tries once more', async () => {
    const ignorant = new Receiver({ standardWebhooks: { secrets: [generateWebhookSecret()] } });
    let known = false;
    const late: SigningMaterial = {
      receiver: () => Promise.resolve(known ? receiver : ignorant),
      reload: () => {
        known = true;
        return Promise.resolve(true);
      },
    };
    expect((await verify(jsonRequest(Buffer.from('{"late":1}')), late)).valid).toBe(true);
  });
});
