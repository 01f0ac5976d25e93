import { describe, expect, it } from '@jest/globals';
import { RECEIVER_ERRORS, Receiver, ReceiverError } from './index.js';
import type { HttpSignatureOptions, ReceivedRequest, ReceiverErrorCode, ReplayStore } from './index.js';
import { ACCOUNT, HOST, KEY_ID, RECORD, SENT_AT, VECTOR } from './testing/vector.js';

const SECRET = `whsec_${Buffer.alloc(32, 1).toString('base64')}`;
const httpSignature: HttpSignatureOptions = {
  copernicaId: ACCOUNT,
  host: HOST,
  keyDomains: ['copernica.com'],
  resolveTxt: (name) => Promise.resolve(name === KEY_ID ? [RECORD] : []),
};
const now = (): Date => SENT_AT;
const failing = (code: ReceiverErrorCode): unknown => expect.objectContaining({ name: 'ReceiverError', code });
const unsigned: ReceivedRequest = { method: 'POST', target: '/', headers: {}, body: Buffer.alloc(0) };

describe('the options of a receiver', () => {
  it.each([
    ['no way to verify', {}, 'configuration_invalid'],
    ['no domain', { httpSignature: { ...httpSignature, keyDomains: [] } }, 'configuration_invalid'],
    ['an empty domain', { httpSignature: { ...httpSignature, keyDomains: [''] } }, 'configuration_invalid'],
    [
      'a domain with a dot first',
      { httpSignature: { ...httpSignature, keyDomains: ['.a.b'] } },
      'configuration_invalid',
    ],
    ['no account', { httpSignature: { ...httpSignature, copernicaId: '' } }, 'configuration_invalid'],
    ['no host', { httpSignature: { ...httpSignature, host: [] } }, 'configuration_invalid'],
    ['an age that is no number', { httpSignature: { ...httpSignature, maxAgeSeconds: NaN } }, 'configuration_invalid'],
    ['a limit below zero', { httpSignature: { ...httpSignature, maxFutureSeconds: -1 } }, 'configuration_invalid'],
    ['no end', { standardWebhooks: { secrets: [SECRET], toleranceSeconds: Infinity } }, 'configuration_invalid'],
    ['no secrets', { standardWebhooks: { secrets: [] } }, 'configuration_invalid'],
    ['what is no secret', { standardWebhooks: { secrets: ['secret'] } }, 'secret_malformed'],
    ['half a public key', { standardWebhooks: { secrets: ['whpk_AAAA'] } }, 'public_key_malformed'],
  ] as const)('given %s, then they are refused at the start', (_what, options, code) => {
    expect(() => new Receiver(options)).toThrow(failing(code));
  });
});

describe('a request', () => {
  const standardWebhooks = { secrets: [SECRET] };

  it('given no signature, then it is refused', async () => {
    await expect(new Receiver({ standardWebhooks }).verify(unsigned)).rejects.toEqual(failing('unsigned'));
  });

  it('given a kind of signature that is not expected, then that is said', async () => {
    const request = { ...unsigned, headers: { 'webhook-signature': 'v1,x' } };
    await expect(new Receiver({ httpSignature }).verify(request)).rejects.toEqual(failing('scheme_not_configured'));
    await expect(new Receiver({ standardWebhooks }).verify(VECTOR)).rejects.toEqual(failing('scheme_not_configured'));
  });

  it('given both kinds, of which one is expected, then that one counts', async () => {
    const headers = [...VECTOR.headers, ['webhook-signature', 'v1,x'] as const];
    await expect(new Receiver({ httpSignature, now }).verify({ ...VECTOR, headers })).resolves.toBeDefined();
  });

  it.each([
    ['text', 'type=click'],
    ['a form that was parsed', { type: 'click' }],
    ['nothing', undefined],
  ])('given %s in place of bytes, then the receiver is told how to get them', async (_what, body) => {
    const request = { ...VECTOR, body } as unknown as ReceivedRequest;
    await expect(new Receiver({ httpSignature, now }).verify(request)).rejects.toThrow('express.raw()');
    await expect(new Receiver({ httpSignature, now }).verify(request)).rejects.toEqual(failing('body_not_raw'));
  });

  it('given a whole URL as the target, then the receiver is told what it should be', async () => {
    const request = { ...VECTOR, target: `https://${HOST}${VECTOR.target}` };
    await expect(new Receiver({ httpSignature, now }).verify(request)).rejects.toEqual(failing('target_not_path'));
  });

  it.each<[string, ReceivedRequest['headers']]>([
    ['pairs', VECTOR.headers],
    ['the Headers of Fetch', new Headers(VECTOR.headers)],
    ['a Map', new Map(VECTOR.headers)],
    ['an object as in Node.js', Object.fromEntries(VECTOR.headers.map(([name, value]) => [name.toLowerCase(), value]))],
    [
      'lists of values',
      { ...Object.fromEntries(VECTOR.headers.map(([name, value]) => [name, [value]])), x: undefined },
    ],
  ])('given headers as %s, then it is verified', async (_what, headers) => {
    await expect(new Receiver({ httpSignature, now }).verify({ ...VECTOR, headers })).resolves.toBeDefined();
  });

  it('given a store of its own, then requests are remembered there until they are too old', async () => {
    const remembered: [string, Date][] = [];
    const replays: ReplayStore = {
      remember: (id, until) => Promise.resolve(remembered.push([id, until]) === 1),
    };
    const processes = [new Receiver({ httpSignature, now, replays }), new Receiver({ httpSignature, now, replays })];
    await processes[0]!.verify(VECTOR);
    await expect(processes[1]!.verify(VECTOR)).rejects.toEqual(failing('replayed'));
    expect(remembered[0]).toEqual(remembered[1]);
    expect(remembered[0]).toEqual([expect.stringMatching(/^[\w-]{43}$/), new Date(SENT_AT.getTime() + 60_000)]);
  });

  it('given a store that fails, then its error comes through', async () => {
    const replays = { remember: () => Promise.reject(new Error('no connection')) };
    await expect(new Receiver({ httpSignature, now, replays }).verify(VECTOR)).rejects.toThrow('no connection');
  });
});

describe('an error', () => {
  it('given any code, then it has a sentence and a status', () => {
    for (const code of Object.keys(RECEIVER_ERRORS) as ReceiverErrorCode[]) {
      const error = new ReceiverError(code, 'here');
      expect(error.message).toMatch(/^[A-Z].*\.? .*\(here\)$/);
      expect([400, 401, 413, 415, 500, 503]).toContain(error.status);
    }
  });

  it('given a cause in the signing library, then it is kept', async () => {
    const request = { ...VECTOR, target: '/other' };
    await expect(new Receiver({ httpSignature, now }).verify(request)).rejects.toMatchObject({
      code: 'signature_mismatch',
      status: 401,
      cause: { name: 'SigningError' },
    });
  });
});
