import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Receiver } from './index.js';
import type { HttpSignatureOptions, ReceivedRequest } from './index.js';
import { nameServer } from './testing/name-server.js';
import type { NameServer } from './testing/name-server.js';
import { ACCOUNT, HOST, KEY_ID, RECORD, SENT_AT, signed, VECTOR } from './testing/vector.js';

let dns: NameServer;
beforeAll(async () => {
  dns = await nameServer({ [KEY_ID]: [RECORD] });
});
afterAll(() => dns.stop());

const at = (secondsLater: number) => (): Date => new Date(SENT_AT.getTime() + secondsLater * 1_000);

function receiver(change: Partial<HttpSignatureOptions> = {}, now = at(0)): Receiver {
  const { resolveTxt } = dns;
  const options = { copernicaId: ACCOUNT, host: HOST, keyDomains: ['copernica.com'], resolveTxt, ...change };
  return new Receiver({ httpSignature: options, now });
}

const changed = (name: string, change: (value: string) => string): ReceivedRequest => ({
  ...VECTOR,
  headers: VECTOR.headers.map(([other, value]) => [other, other === name ? change(value) : value] as const),
});
const failing = (code: string): unknown => expect.objectContaining({ name: 'ReceiverError', code });

describe('a request signed as Copernica does', () => {
  it('given the vector of the specification and its record in DNS, then it is verified and read', async () => {
    expect(await receiver().verify(VECTOR)).toEqual({
      signature: {
        scheme: 'http-signature',
        keyId: KEY_ID,
        copernicaId: ACCOUNT,
        nonce: '5f1d0c9e7ab34286',
        sentAt: SENT_AT,
      },
      eventId: undefined,
      format: 'form',
      payload: {
        type: 'create',
        timestamp: '2026-01-15 10:20:30',
        time: 1_768_472_430,
        id: 123,
        profile: 123,
        database: 1,
        created: '2026-01-15 10:20:30',
        modified: '2026-01-15 10:20:30',
        parameters: { name: 'José Ångström', mail: 'jose+news@example.com', blue: '1' },
        fields: {
          name: 'José Ångström',
          mail: 'jose+news@example.com',
          'Company name': 'A & B = 100%; ok?',
          empty: '',
        },
        interests: ['blue', 'red wine'],
        interestgroups: {},
      },
    });
  });

  it.each<[string, string, ReceivedRequest]>([
    [
      'one byte of the body is changed',
      'digest_mismatch',
      { ...VECTOR, body: Buffer.from(VECTOR.body.toString().replace('Jos', 'Jas')) },
    ],
    ['the target has / for %2F', 'signature_mismatch', { ...VECTOR, target: '/copernica/hook.php?tenant=7&x=/a' }],
    ['the host is another', 'host_mismatch', changed('Host', () => 'hooks.example.com')],
    [
      'a covered name is in upper case',
      'header_name_not_lower_case',
      changed('Signature', (value) => value.replace('x-nonce', 'X-Nonce')),
    ],
    ['x-nonce is not covered', 'header_not_covered', changed('Signature', (value) => value.replace(' x-nonce"', '"'))],
  ])('given the vector, when %s, then it is refused with %s', async (_what, code, request) => {
    await expect(receiver().verify(request)).rejects.toEqual(failing(code));
  });

  it('given any host, when it is not the one that was signed, then the signature does not fit', async () => {
    const request = changed('Host', () => 'hooks.example.com');
    await expect(receiver({ host: '*' }).verify(request)).rejects.toEqual(failing('signature_mismatch'));
    await expect(receiver({ host: '*' }).verify(VECTOR)).resolves.toBeDefined();
  });

  it.each([
    [60, undefined],
    [61, 'date_too_old'],
    [-60, undefined],
    [-61, 'date_in_future'],
  ])('given a clock that is %d seconds ahead of the sender’s, then the outcome is %s', async (seconds, code) => {
    const verifying = receiver({}, at(seconds)).verify(VECTOR);
    await (code === undefined
      ? expect(verifying).resolves.toBeDefined()
      : expect(verifying).rejects.toEqual(failing(code)));
  });

  it('given limits of its own, then they count', async () => {
    const limits = { maxAgeSeconds: 10, maxFutureSeconds: 0 };
    await expect(receiver(limits, at(11)).verify(VECTOR)).rejects.toEqual(failing('date_too_old'));
    await expect(receiver(limits, at(-1)).verify(VECTOR)).rejects.toEqual(failing('date_in_future'));
  });

  it('given another account, or a key elsewhere, then it is refused', async () => {
    await expect(receiver({ copernicaId: 'account_1' }).verify(VECTOR)).rejects.toEqual(
      failing('copernica_id_mismatch'),
    );
    await expect(receiver({ keyDomains: ['postduif.example'] }).verify(VECTOR)).rejects.toEqual(
      failing('key_not_allowed'),
    );
    await expect(receiver({ copernicaId: ['account_1', ACCOUNT] }).verify(VECTOR)).resolves.toBeDefined();
  });

  it('given a domain that only ends like an allowed one, then the key is not looked up', async () => {
    const before = dns.asked.length;
    for (const keyId of ['one._domainkey.evil-copernica.com', 'copernica.com.evil.example'])
      await expect(receiver().verify(await signed({ keyId }))).rejects.toEqual(failing('key_not_allowed'));
    expect(dns.asked).toHaveLength(before);
  });

  it('given the header that identifies the event, then it comes with the webhook', async () => {
    const headers = [...VECTOR.headers, ['X-Webhook-Event-ID', 'evt-1'] as const];
    expect(await receiver().verify({ ...VECTOR, headers })).toMatchObject({ eventId: 'evt-1' });
  });

  it('given JSON with this signature, then it is read as JSON', async () => {
    const body = Buffer.from('{"type":"invoice.paid","timestamp":"2026-01-15T10:20:30Z","data":{"total":12.5}}');
    const webhook = await receiver().verify(await signed({ body, contentType: 'application/json' }));
    expect(webhook).toMatchObject({ format: 'json', payload: { type: 'invoice.paid', data: { total: 12.5 } } });
  });

  it('given a GET without a body, as for a verification file, then its signature is verified', async () => {
    const request = await signed({ method: 'GET', body: Buffer.alloc(0), contentType: undefined });
    expect(request.headers).not.toHaveProperty('Content-Type');
    await expect(receiver().verifySignature(request)).resolves.toMatchObject({ copernicaId: ACCOUNT });
  });
});

describe('a request that comes again', () => {
  it('given the same request, then it is refused, to the second in which it is too old', async () => {
    let now = SENT_AT;
    const first = receiver({}, () => now);
    await first.verify(VECTOR);
    await expect(first.verify(VECTOR)).rejects.toEqual(failing('replayed'));
    now = at(60)();
    await expect(first.verify(VECTOR)).rejects.toEqual(failing('replayed'));
    now = at(61)();
    await expect(first.verify(VECTOR)).rejects.toEqual(failing('date_too_old'));
  });

  it('given the same request twice at once, then one of them is accepted', async () => {
    const one = receiver();
    const outcomes = await Promise.allSettled([one.verify(VECTOR), one.verify(VECTOR)]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  it('given a key name in other capitals and header names in others, then it is known all the same', async () => {
    const one = receiver({ keyDomains: ['copernica.com'] });
    await one.verify(VECTOR);
    const again = changed('Signature', (value) => value.replace('one._domainkey', 'ONE._DomainKey'));
    const headers = Array.from(
      again.headers as [string, string][],
      ([name, value]) => [name.toUpperCase(), value] as const,
    );
    await expect(one.verify({ ...again, headers })).rejects.toEqual(failing('replayed'));
  });

  it('given a request whose signature is wrong, then its nonce is not used up', async () => {
    const one = receiver();
    await expect(one.verify({ ...VECTOR, target: '/other' })).rejects.toEqual(failing('signature_mismatch'));
    await expect(one.verify(VECTOR)).resolves.toBeDefined();
  });

  it('given another attempt, with a nonce of its own, then it is accepted', async () => {
    const one = receiver();
    await one.verify(await signed({ nonce: 'a' }));
    await expect(one.verify(await signed({ nonce: 'b' }))).resolves.toBeDefined();
  });

  it('given a nonce that the sender uses again a second later, then that is another request', async () => {
    const one = receiver({}, at(1));
    await one.verify(await signed());
    await expect(one.verify(await signed({ date: at(1)() }))).resolves.toBeDefined();
  });
});
