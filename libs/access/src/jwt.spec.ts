import { describe, expect, it } from '@jest/globals';
import { configKey } from '@postduif/contracts';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { AccessDirectory } from './access-directory.js';
import { createJwtKey, JwtKeys, signJwt } from './jwt.js';
import { createToken, hashToken } from './tokens.js';

const START = Date.parse('2026-01-15T10:20:30Z');
const HOUR = 3_600_000;
const subject = { account: '1234', token: 't1' };

function given() {
  const pair = createJwtKey();
  let now = START;
  const clock = () => now;
  const keys = new JwtKeys(clock);
  keys.set('1', pair.publicKey);
  const sign = (key = { id: '1', privateKey: pair.privateKey }) => signJwt(subject, key, now);
  const pass = (ms: number) => (now += ms);
  return { pair, keys, sign, pass, clock };
}

describe('a JWT', () => {
  it('says whose it is and when it ends, 24 hours later, and nothing more', async () => {
    const jwt = await given().sign();
    expect(decodeProtectedHeader(jwt)).toEqual({ alg: 'EdDSA', typ: 'JWT', kid: '1' });
    const iat = START / 1_000;
    expect(decodeJwt(jwt)).toEqual({ iss: 'postduif', sub: '1234', token: 't1', iat, exp: iat + 86_400 });
  });

  it('is valid until it ends, also when it was checked before', async () => {
    const { keys, sign, pass } = given();
    const [checked, fresh] = [await sign(), await sign()];
    expect(await keys.verify(checked)).toMatchObject(subject);
    pass(24 * HOUR - 1_000);
    expect(await keys.verify(checked)).toMatchObject(subject);
    pass(1_000);
    expect([await keys.verify(checked), await keys.verify(fresh)]).toEqual([undefined, undefined]);
  });

  it('given the key of somebody else, or one that is gone, is not valid', async () => {
    const { keys, sign } = given();
    const forged = await sign({ id: '1', privateKey: createJwtKey().privateKey });
    const unknown = await sign({ id: '2', privateKey: createJwtKey().privateKey });
    expect([await keys.verify(forged), await keys.verify(unknown)]).toEqual([undefined, undefined]);
    const jwt = await sign();
    expect(await keys.verify(jwt)).toMatchObject(subject);
    keys.set('1', undefined);
    expect(await keys.verify(jwt)).toBeUndefined();
  });

  it.each([
    ['none', { alg: 'none', typ: 'JWT', kid: '1' }],
    ['HS256 with the public key', { alg: 'HS256', typ: 'JWT', kid: '1' }],
  ])('given the algorithm %s, is not valid', async (_name, header) => {
    const { keys, sign } = given();
    const [, payload, signature] = (await sign()).split('.');
    const encoded = Buffer.from(JSON.stringify(header)).toString('base64url');
    for (const end of [signature, ''])
      expect(await keys.verify(`${encoded}.${payload ?? ''}.${end ?? ''}`)).toBeUndefined();
  });

  it.each(['', 'abc', 'a.b.c', createToken(), 'eyJ.e30.x'])('given %j, it is none', async (text) => {
    expect(await given().keys.verify(text)).toBeUndefined();
  });
});

describe('the directory of accounts and tokens, asked with a JWT', () => {
  const account = (tokens: readonly object[]) => ({
    key: configKey('account', '1234'),
    snapshot: { kind: 'account', version: 1, id: '1234', name: 'n', copernicaId: 'account_1234', tokens } as never,
  });
  const token = { id: 't1', hash: hashToken('pd_first'), scopes: ['events:write'] };

  function directoryWith(...tokens: readonly object[]) {
    const { pair, sign, pass, clock } = given();
    const directory = new AccessDirectory(clock);
    const snapshot = { kind: 'jwt-key', version: 1, id: '1', publicKey: pair.publicKey } as const;
    directory.apply({ key: configKey('jwt-key', '1'), snapshot });
    directory.apply(account(tokens));
    return { directory, sign, pass };
  }

  it('gives what its token gives now', async () => {
    const { directory, sign } = directoryWith(token);
    const jwt = await sign();
    expect(await directory.find(jwt)).toEqual({ account: '1234', token: 't1', scopes: ['events:write'] });
    directory.apply(account([{ ...token, scopes: [] }]));
    expect(await directory.find(jwt)).toMatchObject({ scopes: [] });
  });

  it('given that its token is gone, or the key, gives nothing', async () => {
    const { directory, sign } = directoryWith(token);
    const jwt = await sign();
    directory.apply(account([]));
    expect(await directory.find(jwt)).toBeUndefined();
    directory.apply(account([token]));
    expect(await directory.find(jwt)).toBeDefined();
    directory.apply({ key: configKey('jwt-key', '1'), snapshot: null });
    expect(await directory.find(jwt)).toBeUndefined();
  });

  it('given that its token has expired, gives nothing, and neither does the token', async () => {
    const { directory, sign, pass } = directoryWith({ ...token, expiresAt: new Date(START + HOUR).toISOString() });
    const jwt = await sign();
    expect([await directory.find(jwt), await directory.find('pd_first')]).toMatchObject([
      { token: 't1' },
      { token: 't1' },
    ]);
    pass(HOUR);
    expect([await directory.find(jwt), await directory.find('pd_first')]).toEqual([undefined, undefined]);
  });

  it('knows which records concern it', () => {
    const directory = new AccessDirectory();
    expect(['account/1', 'jwt-key/1', 'webhook/1', 'heartbeat'].filter((key) => directory.concerns(key))).toEqual([
      'account/1',
      'jwt-key/1',
    ]);
  });
});
