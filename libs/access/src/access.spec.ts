import { describe, expect, it } from '@jest/globals';
import { ApiError, configKey } from '@postduif/contracts';
import type { AccountSnapshot, Scope } from '@postduif/contracts';
import { AccessDirectory } from './access-directory.js';
import { authorize, bearerToken } from './authorize.js';
import { createToken, hashToken } from './tokens.js';

const account = (id: string, tokens: Record<string, Scope[]>, version = 1): AccountSnapshot => ({
  kind: 'account',
  version,
  id,
  name: id,
  copernicaId: `account_${id}`,
  tokens: Object.entries(tokens).map(([token, scopes], index) => ({
    id: String(index + 1),
    hash: hashToken(token),
    scopes,
  })),
});

function directoryOf(...accounts: AccountSnapshot[]): AccessDirectory {
  const directory = new AccessDirectory();
  for (const snapshot of accounts) directory.apply({ key: configKey('account', snapshot.id), snapshot });
  return directory;
}

describe('an API token', () => {
  it('is new each time, can be sent as a bearer token, and is kept as SHA-256 in hex', () => {
    const [one, other] = [createToken(), createToken()];
    expect(one).toMatch(/^pd_[A-Za-z0-9_-]{43}$/);
    expect(one).not.toBe(other);
    expect(bearerToken(`Bearer ${one}`)).toBe(one);
    expect(hashToken('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  });
});

describe('the header Authorization', () => {
  it.each([
    ['Bearer abc', 'abc'],
    ['bearer abc', 'abc'],
    ['Bearer   abc ', 'abc'],
    ['Bearer a.b-c_d~e+f/g==', 'a.b-c_d~e+f/g=='],
  ])('given %p, holds the token %s', (header, token) => {
    expect(bearerToken(header)).toBe(token);
  });

  it.each([
    undefined,
    '',
    'Bearer',
    'Bearer ',
    'abc',
    'Basic abc',
    'Bearer a b',
    'Bearer =',
    'Bearer é',
    'xBearer abc',
  ])('given %p, holds none', (header) => {
    expect(bearerToken(header)).toBeUndefined();
  });
});

describe('the directory of accounts and tokens', () => {
  it('says whether any account is known', () => {
    expect([directoryOf().isEmpty, directoryOf(account('1', {})).isEmpty]).toEqual([true, false]);
  });

  it('given a token of an account, tells the account, the token and its scopes', async () => {
    const directory = directoryOf(account('1', { aaa: ['events:write'] }), account('2', { bbb: ['events:read'] }));
    expect(await directory.find('aaa')).toEqual({ account: '1', token: '1', scopes: ['events:write'] });
    expect(await directory.find('bbb')).toEqual({ account: '2', token: '1', scopes: ['events:read'] });
    expect(await directory.find('ccc')).toBeUndefined();
    expect(await directory.find(hashToken('aaa'))).toBeUndefined();
  });

  it('given a newer snapshot without a token, knows that token no more', async () => {
    const directory = directoryOf(account('1', { aaa: [], bbb: [] }), account('1', { bbb: ['keys:read'] }, 2));
    expect(await directory.find('aaa')).toBeUndefined();
    expect((await directory.find('bbb'))?.scopes).toEqual(['keys:read']);
  });

  it('given a tombstone, knows neither the account nor its tokens, and still those of others', async () => {
    const directory = directoryOf(account('1', { aaa: [] }), account('10', { bbb: [] }));
    directory.apply({ key: 'account/1', snapshot: null });
    expect([directory.hasAccount('1'), await directory.find('aaa')]).toEqual([false, undefined]);
    expect([directory.hasAccount('10'), (await directory.find('bbb'))?.account]).toEqual([true, '10']);
  });

  it('given other configuration, ignores it', () => {
    const directory = directoryOf(account('1', { aaa: [] }));
    directory.apply({ key: 'webhook/1', snapshot: null });
    directory.apply({ key: 'heartbeat', snapshot: { kind: 'heartbeat', version: 1, at: '2026-01-15T10:20:30Z' } });
    expect(directory.hasAccount('1')).toBe(true);
  });
});

describe('authorizing a request', () => {
  const directory = directoryOf(account('1', { aaa: ['events:write'] }));
  const from = (authorization: string | undefined) => ({ headers: { authorization }, ip: '192.0.2.1' });
  const unlimited = { spend: () => Promise.resolve() };

  it('given a token with the scope, gives its access', async () => {
    expect(await authorize(directory, from('Bearer aaa'), 'events:write', unlimited)).toMatchObject({ account: '1' });
  });

  it.each([
    ['Bearer aaa', 'token 1'],
    ['Bearer bbb', 'address 192.0.2.1'],
    [undefined, 'address 192.0.2.1'],
  ])('given %p, counts the request to %s', async (header, caller) => {
    const limits = {
      spend: (counted: string) => Promise.reject(new ApiError('rate_limited', counted)),
    };
    await expect(authorize(directory, from(header), 'webhooks:read', limits)).rejects.toMatchObject({
      code: 'rate_limited',
      detail: caller,
    });
  });

  it.each([undefined, 'Bearer bbb', 'Basic YWFh'])('given %p, is not authenticated', async (header) => {
    await expect(authorize(directory, from(header), 'events:write', unlimited)).rejects.toMatchObject({
      code: 'unauthenticated',
    });
  });

  it('given a token without the scope, is forbidden and names the scope', async () => {
    await expect(authorize(directory, from('Bearer aaa'), 'webhooks:read', unlimited)).rejects.toMatchObject({
      code: 'forbidden',
      message: 'This token lacks the scope webhooks:read.',
    });
  });
});
