import { afterEach, describe, expect, it } from '@jest/globals';
import { dnsRecord } from '@postduif/signing';
import { PublishedMaterial } from './published-material.js';
import { FakeApi } from './testing/fake-api.js';
import { formRequest, jsonRequest, KEY_ID, keys, secret, TARGET } from './testing/signed-requests.js';
import { verify } from './verification.js';

const webhook = (ID: string, handler: string, format: string) => ({ ID, handler, trigger: 'a.b', format });

describe('keys and secrets from the stack', () => {
  const opened: FakeApi[] = [];
  afterEach(async () => {
    for (const api of opened.splice(0)) await api.close();
  });

  const stack = async (webhooks: unknown[]) => {
    const published = { keys: [{ keyId: KEY_ID, record: dnsRecord(keys.publicKey), state: 'active' }] };
    const api = new FakeApi((line) => {
      if (line.startsWith('GET /v1/signing-keys')) return { body: published.keys };
      if (line.startsWith('GET /v4/webhooks'))
        return { body: { start: 0, limit: 1_000, count: webhooks.length, total: webhooks.length, data: webhooks } };
      if (line === 'GET /v1/webhooks/7/secret') return { body: { secret } };
      return { status: 404, body: { error: { message: 'No entity with supplied ID' } } };
    });
    opened.push(api);
    return { api, published, home: await api.start() };
  };

  it('verifies both kinds with what the stack publishes, asked once and with the token', async () => {
    const { api, home } = await stack([
      webhook('7', `http://127.0.0.1:9090${TARGET}`, 'json'),
      webhook('8', 'http://127.0.0.1:9090/form', 'form'),
      webhook('9', 'http://127.0.0.1:9191/other', 'json'),
    ]);
    const material = new PublishedMaterial(home, () => 9090);
    expect((await verify(await formRequest(Buffer.from('a=1')), material)).valid).toBe(true);
    expect((await verify(jsonRequest(Buffer.from('{}')), material)).valid).toBe(true);
    expect(api.requests.map(({ line }) => line).sort()).toEqual([
      'GET /v1/signing-keys',
      'GET /v1/webhooks/7/secret',
      'GET /v4/webhooks?start=0&limit=1000',
    ]);
    expect(new Set(api.requests.map(({ authorization }) => authorization))).toEqual(new Set(['Bearer pd_test']));
  });

  it('given a webhook that was made after loading, loads again, but not at every request', async () => {
    const webhooks: unknown[] = [];
    const { home, api } = await stack(webhooks);
    let now = 0;
    const material = new PublishedMaterial(
      home,
      () => 9090,
      () => now,
    );
    expect((await verify(jsonRequest(Buffer.from('{}')), material)).code).toBe('signature_mismatch');
    webhooks.push(webhook('7', `http://localhost:9090${TARGET}`, 'json'));
    expect((await verify(jsonRequest(Buffer.from('{}')), material)).valid).toBe(false);
    expect(api.requests).toHaveLength(2);
    now = 5_000;
    expect((await verify(jsonRequest(Buffer.from('{}')), material)).valid).toBe(true);
  });

  it('without a stack, says how to start it, and finds it when it has come', async () => {
    const { home, api } = await stack([]);
    const missing = new PublishedMaterial(`${home}/nowhere`, () => 9090);
    expect((await verify(await formRequest(Buffer.from('a=1')), missing)).detail).toContain('npm start');
    expect(api.requests).toEqual([]);
  });
});
