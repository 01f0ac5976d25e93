import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign as signWith } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import {
  COVERED,
  createNonce,
  rsaSigner,
  signatureHeader,
  signingString,
  signRequest,
  verifyRequest,
} from './index.js';
import type { Header, RequestToSign, RequestToVerify, VerifyOptions } from './index.js';
import { TEST_PRIVATE_KEY, TEST_PUBLIC_KEY, VECTOR } from './test-vector.fixture.js';

// Hundreds of RSA operations, on machines that may be busy.
jest.setTimeout(60_000);

const privateKey = createPrivateKey(TEST_PRIVATE_KEY);
const publicKey = createPublicKey(TEST_PUBLIC_KEY);
const body = Buffer.from(VECTOR.body);
const sign = rsaSigner(privateKey);
const sha256 = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex');

const toSign: RequestToSign = { ...VECTOR, body, sign };
const options: VerifyOptions = {
  now: VECTOR.date,
  resolveKey: (keyId) => (keyId === VECTOR.keyId ? publicKey : undefined),
  expectedCopernicaId: 'account_1234',
};

async function signed(change: Partial<RequestToSign> = {}): Promise<RequestToVerify & { headers: Header[] }> {
  const request = { ...toSign, ...change };
  return {
    method: request.method,
    target: request.target,
    body: request.body,
    headers: [['Host', request.host], ...(await signRequest(request))],
  };
}

const replaced = (headers: readonly Header[], name: string, change: (value: string) => string): Header[] =>
  headers.map(([other, value]) => (other === name ? [other, change(value)] : [other, value]));
/** The same request with exactly these names covered, signed correctly. */
function covering(request: RequestToVerify & { headers: Header[] }, covered: readonly string[]): RequestToVerify {
  const text = Buffer.from(signingString(request.method, request.target, request.headers, covered), 'latin1');
  const signature = signatureHeader(VECTOR.keyId, covered, signWith('sha256', text, privateKey));
  return { ...request, headers: replaced(request.headers, 'Signature', () => signature) };
}
const without = (headers: readonly Header[], name: string): Header[] => headers.filter(([other]) => other !== name);

function keyPair(kind: string): { privateKey: KeyObject; publicKey: KeyObject } {
  return kind === 'ec' ? generateKeyPairSync('ec', { namedCurve: 'P-256' }) : generateKeyPairSync('ed25519');
}

describe('createNonce', () => {
  it('given a source of random bytes, then the nonce is 8 of them in hexadecimal', () => {
    expect(createNonce((size) => Buffer.alloc(size, 0xab))).toBe('abababababababab');
    expect(createNonce()).toMatch(/^[0-9a-f]{16}$/);
  });
});

describe('signRequest', () => {
  it('given the request of the test vector, then digest, signing string and signature are reproduced byte for byte', async () => {
    expect(body).toHaveLength(483);
    expect(sha256(body)).toBe(VECTOR.bodySha256);

    const headers = await signRequest(toSign);

    expect(headers).toEqual([
      ['Date', 'Thu, 15 Jan 2026 10:20:30 GMT'],
      ['Content-Type', 'application/x-www-form-urlencoded'],
      ['Content-Length', '483'],
      ['X-Copernica-ID', 'account_1234'],
      ['Digest', VECTOR.digest],
      ['X-Nonce', VECTOR.nonce],
      [
        'Signature',
        `keyId="${VECTOR.keyId}",algorithm="rsa-sha256",headers="(request-target) host date content-length content-type x-copernica-id digest x-nonce",signature="${VECTOR.signature}"`,
      ],
    ]);
    const covered = '(request-target) host date content-length content-type x-copernica-id digest x-nonce'.split(' ');
    expect(sha256(signingString('POST', VECTOR.target, [['Host', VECTOR.host], ...headers], covered))).toBe(
      VECTOR.signingStringSha256,
    );
  });

  it('given a request without a body, then content headers are neither sent nor covered, and it verifies', async () => {
    const { contentType: _left, ...rest } = toSign;
    const get = { ...rest, method: 'GET', target: '/postduif-x.txt', body: Buffer.alloc(0) };
    const headers = await signRequest(get);
    expect(headers.map(([name]) => name)).toEqual(['Date', 'X-Copernica-ID', 'Digest', 'X-Nonce', 'Signature']);

    const request = {
      method: 'GET',
      target: get.target,
      body: get.body,
      headers: [['Host', VECTOR.host] as const, ...headers],
    };
    await expect(verifyRequest(request, options)).resolves.toMatchObject({ nonce: VECTOR.nonce });
  });
});

describe('verifyRequest', () => {
  it('given the test vector, then it verifies and names who signed', async () => {
    await expect(verifyRequest(await signed(), options)).resolves.toEqual({
      keyId: VECTOR.keyId,
      copernicaId: 'account_1234',
      nonce: VECTOR.nonce,
      date: VECTOR.date,
    });
  });

  const negative: [string, string, (request: RequestToVerify & { headers: Header[] }) => RequestToVerify][] = [
    [
      'one byte of the body is changed',
      'digest_mismatch',
      (request) => ({ ...request, body: Buffer.from(VECTOR.body.replace('Jos', 'Jas')) }),
    ],
    [
      'x=%2Fa in the target is decoded',
      'signature_mismatch',
      (request) => ({ ...request, target: '/copernica/hook.php?tenant=7&x=/a' }),
    ],
    [
      'the host is another',
      'host_mismatch',
      (request) => ({ ...request, headers: replaced(request.headers, 'Host', () => 'hooks.example.org:443') }),
    ],
    [
      'a covered name is listed in upper case',
      'header_name_not_lower_case',
      (request) => ({
        ...request,
        headers: replaced(request.headers, 'Signature', (value) => value.replace('x-nonce', 'X-Nonce')),
      }),
    ],
    [
      'X-Nonce is left out',
      'header_missing',
      (request) => ({ ...request, headers: without(request.headers, 'X-Nonce') }),
    ],
  ];
  it.each(negative)('given the vector, when %s, then it fails with %s', async (_what, code, change) => {
    const verification = verifyRequest(change(await signed()), { ...options, expectedHost: VECTOR.host });
    await expect(verification).rejects.toMatchObject({ code });
  });

  it('given another host and no expectation of one, then the signature still does not fit', async () => {
    const request = await signed();
    const headers = replaced(request.headers, 'Host', () => 'hooks.example.org:443');
    await expect(verifyRequest({ ...request, headers }, options)).rejects.toMatchObject({ code: 'signature_mismatch' });
  });

  it.each([
    ['x-nonce is not covered', 'header_not_covered', ' x-nonce', ''],
    ['the target is not covered', 'header_not_covered', '(request-target) ', ''],
    ['the algorithm is hs2019', 'algorithm_not_supported', 'rsa-sha256', 'hs2019'],
    ['the algorithm is left out', 'algorithm_not_supported', 'algorithm="rsa-sha256",', ''],
    ['the signature is no base64', 'signature_malformed', 'signature="L5', 'signature="!!'],
    ['the keyId is left out', 'signature_malformed', /keyId="[^"]*",/, ''],
    ['nothing is as it should be', 'signature_malformed', /.*/, 'garbage'],
  ])('given a Signature header in which %s, then it fails with %s', async (_what, code, from, to) => {
    const request = await signed();
    const headers = replaced(request.headers, 'Signature', (value) => value.replace(from, to));
    await expect(verifyRequest({ ...request, headers }, options)).rejects.toMatchObject({ code });
  });

  it.each([
    ['the documented minimum of five', '(request-target) host date x-copernica-id digest', 'content-length'],
    ['that minimum and x-nonce', '(request-target) host date x-copernica-id digest x-nonce', 'content-length'],
    ...COVERED.map((left) => [`all but ${left}`, COVERED.filter((name) => name !== left).join(' '), left]),
  ])('given a correct signature over %s, then it fails and names what is missing', async (_what, covered, missing) => {
    await expect(verifyRequest(covering(await signed(), covered.split(' ')), options)).rejects.toMatchObject({
      code: 'header_not_covered',
      message: expect.stringContaining(`(${missing})`),
    });
  });

  it('given an empty X-Nonce that is covered, then it counts as missing', async () => {
    await expect(verifyRequest(await signed({ nonce: '' }), options)).rejects.toMatchObject({ code: 'header_missing' });
  });

  it('given the target without its query, then it fails', async () => {
    const request = { ...(await signed()), target: '/copernica/hook.php' };
    await expect(verifyRequest(request, options)).rejects.toMatchObject({ code: 'signature_mismatch' });
  });

  it('given a JSON body, or the algorithm in upper case, then it verifies', async () => {
    const json = await signed({ contentType: 'application/json', body: Buffer.from('{"a":1}') });
    await expect(verifyRequest(json, options)).resolves.toBeDefined();
    const request = await signed();
    const headers = replaced(request.headers, 'Signature', (value) => value.replace('rsa-sha256', 'RSA-SHA256'));
    await expect(verifyRequest({ ...request, headers }, options)).resolves.toBeDefined();
  });

  it('given an RSA key of 1024 bits, then it verifies', async () => {
    const pair = generateKeyPairSync('rsa', { modulusLength: 1_024 });
    const request = await signed({ sign: rsaSigner(pair.privateKey) });
    await expect(verifyRequest(request, { ...options, resolveKey: () => pair.publicKey })).resolves.toBeDefined();
  });

  it.each([
    ['ec', 'sha256'],
    ['ed25519', null],
  ])(
    'given a key of the kind %s that fits the signature, then it is refused: the algorithm says RSA',
    async (kind, hash) => {
      const pair = keyPair(kind);
      const request = await signed({ sign: (text) => signWith(hash, text, pair.privateKey) });
      await expect(verifyRequest(request, { ...options, resolveKey: () => pair.publicKey })).rejects.toMatchObject({
        code: 'key_not_rsa',
      });
    },
  );

  it('given a label of the digest in upper case, then it fails as in the vendor’s verifier', async () => {
    const request = await signed();
    const headers = replaced(request.headers, 'Digest', (value) => value.replace('sha-256', 'SHA-256'));
    await expect(verifyRequest({ ...request, headers }, options)).rejects.toMatchObject({ code: 'digest_malformed' });
  });

  it.each([
    [59, undefined],
    [60, undefined],
    [62, 'date_too_old'],
    [-59, undefined],
    [-3_600, 'date_in_future'],
  ])('given a request that is %d seconds old, then the outcome is %s', async (age, code) => {
    const verification = verifyRequest(await signed(), {
      ...options,
      now: new Date(VECTOR.date.getTime() + age * 1_000),
    });
    await (code === undefined
      ? expect(verification).resolves.toBeDefined()
      : expect(verification).rejects.toMatchObject({ code }));
  });

  it('given another account, an untrusted domain or an unknown key, then each fails with its code', async () => {
    const request = await signed();
    await expect(verifyRequest(request, { ...options, expectedCopernicaId: 'account-1234' })).rejects.toMatchObject({
      code: 'copernica_id_mismatch',
    });
    await expect(verifyRequest(request, { ...options, allowedKeyDomains: ['postduif.example'] })).rejects.toMatchObject(
      { code: 'key_not_allowed' },
    );
    await expect(verifyRequest(request, { ...options, resolveKey: () => undefined })).rejects.toMatchObject({
      code: 'key_not_found',
    });
  });

  it('given several hosts and accounts, then any of them may be named and no other', async () => {
    const request = await signed();
    const expectedHost = ['hooks.example.com', VECTOR.host];
    const expectedCopernicaId = ['account_1', 'account_1234'];
    await expect(verifyRequest(request, { ...options, expectedHost, expectedCopernicaId })).resolves.toBeDefined();
    await expect(verifyRequest(request, { ...options, expectedHost: [] })).rejects.toMatchObject({
      code: 'host_mismatch',
    });
    await expect(verifyRequest(request, { ...options, expectedCopernicaId: ['account_1'] })).rejects.toMatchObject({
      code: 'copernica_id_mismatch',
    });
  });

  it('given header names in lower case and the word Signature before the value, then it verifies', async () => {
    const request = await signed();
    const headers = replaced(request.headers, 'Signature', (value) => `Signature ${value}`).map(
      ([name, value]) => [name.toLowerCase(), value] as const,
    );
    await expect(verifyRequest({ ...request, headers }, options)).resolves.toBeDefined();
  });

  it('given any body, target and change of a byte, then what was signed verifies and what was changed does not', async () => {
    const target = fc.webPath().map((path) => path || '/');
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 300 }), target, fc.nat(), async (bytes, path, pick) => {
        const request = await signed({ body: bytes, target: path });
        await expect(verifyRequest(request, options)).resolves.toBeDefined();
        const changed = Uint8Array.from(bytes);
        changed[pick % changed.length]! ^= 1;
        await expect(verifyRequest({ ...request, body: changed }, options)).rejects.toMatchObject({
          code: 'digest_mismatch',
        });
        await expect(verifyRequest({ ...request, target: `${path}?` }, options)).rejects.toMatchObject({
          code: 'signature_mismatch',
        });
      }),
      { numRuns: 40 },
    );
  });
});
