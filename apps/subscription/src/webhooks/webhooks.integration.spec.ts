import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Access } from '@postduif/access';
import type { RotateSecret, WebhookSnapshot } from '@postduif/contracts';
import { generateWebhookSecret, open, parseEncryptionKeys, webhookPublicKeyOf } from '@postduif/signing';
import { AccountStore } from '../accounts/account-store.js';
import type { Database } from '../database/database.js';
import { openDatabase, silent, TestDatabase } from '../testing/test-database.js';
import { TrustedHosts } from './trusted-hosts.js';
import { Webhooks } from './webhooks.js';

jest.setTimeout(30_000);

const CALLER: Access = { account: '1', token: 't', scopes: ['webhooks:write'] };
const START = Date.UTC(2026, 0, 15, 12);
const DAY = 86_400;

describe('secrets of webhooks', () => {
  const encryptionKeys = parseEncryptionKeys(randomBytes(32).toString('base64'));
  let test: TestDatabase;
  let database: Database;
  let webhooks: Webhooks;
  let now = START;

  beforeAll(async () => {
    test = await TestDatabase.create();
    database = await openDatabase(test.url);
    webhooks = new Webhooks(database, encryptionKeys, new TrustedHosts([]), silent, 'us.example', () => new Date(now));
    for (const account of ['1', '2'])
      await new AccountStore(database).bootstrap({ account, name: account, token: `pd_token-${account}` });
  });
  afterAll(async () => {
    await database.close();
    await test.drop();
  });
  beforeEach(() => {
    now = START;
  });

  const at = (seconds: number): string => new Date(START + seconds * 1_000).toISOString();
  const create = async (given: object = {}): Promise<string> =>
    (await webhooks.create(CALLER, { handler: 'https://a.example/', trigger: 'order.paid', ...given })).id;
  const rotate = (id: string, given: Partial<RotateSecret> = {}) =>
    webhooks.rotateSecret(CALLER, id, { overlap: DAY, ...given });
  const secretOf = async (id: string): Promise<string> => {
    const view = await webhooks.secret(CALLER, id);
    if (view.signature !== 'v1') throw new Error('it has a key pair');
    return view.secret;
  };
  /** The newest snapshot of a webhook, its secrets opened. */
  const published = async (id: string) => {
    const [row] = await test.query<{ snapshot: string }>(
      'SELECT snapshot FROM config.outbox WHERE key = $1 ORDER BY id DESC LIMIT 1',
      [`webhook/${id}`],
    );
    const { version, secrets, secretEnds } = JSON.parse(row?.snapshot ?? '') as WebhookSnapshot;
    return {
      version,
      secrets: secrets.map((sealed) => open(encryptionKeys, sealed, `webhook/${id}`).toString('utf8')),
      secretEnds,
    };
  };

  it('given a rotation, then the new one is shown and published first, and the old one until the overlap is over', async () => {
    const id = await create();
    const old = await secretOf(id);
    const rotated = await rotate(id);
    const secret = await secretOf(id);
    expect(rotated).toEqual({ signature: 'v1', secret, previous: [{ signature: 'v1', until: at(DAY) }] });
    expect(secret).not.toBe(old);
    expect(await webhooks.secret(CALLER, id)).toEqual(rotated);
    expect(await published(id)).toEqual({ version: 2, secrets: [secret, old], secretEnds: [at(DAY)] });
  });

  it("given the caller's own secret and no overlap, then it alone signs, at once", async () => {
    const id = await create();
    const secret = generateWebhookSecret();
    expect(await rotate(id, { secret, overlap: 0 })).toEqual({ signature: 'v1', secret, previous: [] });
    expect(await published(id)).toEqual({ version: 2, secrets: [secret], secretEnds: undefined });
  });

  it('given that the overlap is over, then the old one is not shown any more, and is removed', async () => {
    const id = await create();
    const other = await create();
    await rotate(id, { overlap: 60 });
    const secret = await secretOf(id);
    await rotate(other, { overlap: 61 });
    now = START + 59_999;
    await webhooks.removeEndedSecrets();
    expect(await published(id)).toMatchObject({ version: 2, secrets: [secret, expect.anything()] });
    now = START + 60_000;
    expect(await webhooks.secret(CALLER, id)).toEqual({ signature: 'v1', secret, previous: [] });
    await webhooks.removeEndedSecrets();
    await webhooks.removeEndedSecrets();
    expect(await published(id)).toEqual({ version: 3, secrets: [secret], secretEnds: undefined });
    expect(await published(other)).toMatchObject({ version: 2, secretEnds: [at(61)] });
  });

  it('given three that sign, then a fourth has to wait, or ends the others', async () => {
    const id = await create();
    await rotate(id, { overlap: 60 });
    await rotate(id);
    await expect(rotate(id)).rejects.toMatchObject({
      code: 'too_many_secrets',
      status: 409,
      message: expect.stringContaining(at(60)),
    });
    expect((await rotate(id, { overlap: 0 })).previous).toEqual([]);
  });

  it('given rotations at once, then none is lost', async () => {
    const id = await create();
    const first = await secretOf(id);
    const own = [generateWebhookSecret(), generateWebhookSecret()];
    await Promise.all(own.map((secret) => rotate(id, { secret })));
    expect((await published(id)).secrets.toSorted()).toEqual([first, ...own].toSorted());
  });

  it.each([
    ['23 bytes', `whsec_${Buffer.alloc(23, 1).toString('base64')}`],
    ['65 bytes', `whsec_${Buffer.alloc(65, 1).toString('base64')}`],
    ['no prefix', Buffer.alloc(32, 1).toString('base64')],
    ['what is no base64', 'whsec_????????????????????????????????'],
  ])('given a secret of %s, then it is refused without being repeated', async (_what, secret) => {
    const id = await create();
    const refused = rotate(id, { secret });
    await expect(refused).rejects.toMatchObject({
      code: 'invalid_request',
      options: { errors: [{ path: 'secret', message: 'must be whsec_ and base64 of 24 to 64 bytes' }] },
    });
    await expect(refused).rejects.not.toThrow(secret);
    expect((await published(id)).version).toBe(1);
  });

  it('given a secret that signs already, new or old, then it is refused', async () => {
    const id = await create();
    const old = await secretOf(id);
    await rotate(id);
    for (const used of [old, await secretOf(id)])
      await expect(rotate(id, { secret: used })).rejects.toMatchObject({
        code: 'invalid_request',
        message: expect.stringContaining('in use already'),
      });
  });

  it('given the signature v1a, then the public key is shown, never the private one, and pairs rotate likewise', async () => {
    const id = await create({ signature: 'v1a' });
    const first = await webhooks.secret(CALLER, id);
    const [privateKey] = (await published(id)).secrets;
    const publicKey = webhookPublicKeyOf(privateKey ?? '');
    expect(first).toEqual({ signature: 'v1a', publicKey, previous: [] });
    expect(publicKey).toMatch(/^whpk_/);
    const rotated = await rotate(id);
    const [next] = (await published(id)).secrets;
    expect(rotated).toEqual({
      signature: 'v1a',
      publicKey: webhookPublicKeyOf(next ?? ''),
      previous: [{ signature: 'v1a', publicKey, until: at(DAY) }],
    });
    expect(next).not.toBe(privateKey);
    await expect(rotate(id, { secret: generateWebhookSecret() })).rejects.toMatchObject({
      options: { errors: [{ path: 'secret', message: expect.stringContaining('only for the signature v1') }] },
    });
  });

  it('given a change of the signature, then the old secret signs beside the new key for a day', async () => {
    const id = await create();
    const old = await secretOf(id);
    await webhooks.change(CALLER, id, { signature: 'v1a' });
    expect(await webhooks.secret(CALLER, id)).toMatchObject({
      signature: 'v1a',
      previous: [{ signature: 'v1', until: at(DAY) }],
    });
    expect(await published(id)).toMatchObject({
      secrets: [expect.stringMatching(/^whsk_/), old],
      secretEnds: [at(DAY)],
    });
    await webhooks.change(CALLER, id, { signature: null });
    expect((await published(id)).secrets[0]).toMatch(/^whsec_/);
    await expect(webhooks.change(CALLER, id, { signature: 'v1a' })).rejects.toMatchObject({ code: 'too_many_secrets' });
  });

  it("given a form webhook or another account's, then there is no secret", async () => {
    const form = await create({ trigger: 'click' });
    await expect(webhooks.secret(CALLER, form)).rejects.toMatchObject({ code: 'not_found' });
    await expect(rotate(form)).rejects.toMatchObject({ code: 'not_found' });
    const id = await create();
    const stranger = webhooks.rotateSecret({ ...CALLER, account: '2' }, id, { overlap: 0 });
    await expect(stranger).rejects.toMatchObject({ code: 'not_found' });
    expect((await published(id)).version).toBe(1);
  });
});
