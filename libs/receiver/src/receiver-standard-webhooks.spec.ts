import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { Receiver } from './index.js';
import type { ReceivedRequest, StandardWebhooksOptions } from './index.js';

const ID = 'msg_2KWPBgLlAfxdpx2AI54pPJ85f4W';
const SENT_AT = new Date('2026-01-15T10:20:30Z');
const SECONDS = '1768472430';
const BODY = '{"type":"invoice.paid","timestamp":"2026-01-15T10:20:29.5Z","data":{"total":12.5,"lines":[{"sku":"a"}]}}';
const KEY = Buffer.alloc(32, 1);
const SECRET = `whsec_${KEY.toString('base64')}`;
const OTHER_SECRET = `whsec_${Buffer.alloc(32, 2).toString('base64')}`;
const pair = generateKeyPairSync('ed25519');
const PUBLIC_KEY = `whpk_${pair.publicKey.export({ type: 'spki', format: 'der' }).subarray(-32).toString('base64')}`;

/** Signatures made here with node:crypto alone, from the words of the standard. */
const v1 = (body: string, id = ID, key = KEY): string =>
  `v1,${createHmac('sha256', key).update(`${id}.${SECONDS}.${body}`).digest('base64')}`;
const v1a = (body: string): string =>
  `v1a,${sign(null, Buffer.from(`${ID}.${SECONDS}.${body}`), pair.privateKey).toString('base64')}`;

function request(
  signature: string,
  { body = BODY, ...changed }: { readonly body?: string; readonly [header: string]: string | undefined } = {},
): ReceivedRequest {
  const headers = {
    'content-type': 'application/json',
    'webhook-id': ID,
    'webhook-timestamp': SECONDS,
    'webhook-signature': signature,
    ...changed,
  };
  return { method: 'POST', target: '/hook', headers, body: Buffer.from(body) };
}

function receiver(
  secrets: StandardWebhooksOptions['secrets'],
  secondsLater = 0,
  change: Partial<StandardWebhooksOptions> = {},
): Receiver {
  const now = (): Date => new Date(SENT_AT.getTime() + secondsLater * 1_000);
  return new Receiver({ standardWebhooks: { secrets, ...change }, now });
}

const failing = (code: string): unknown => expect.objectContaining({ name: 'ReceiverError', code });

describe('a request signed by Standard Webhooks', () => {
  it.each([
    ['a secret', SECRET, v1(BODY)],
    ['an ed25519 key', PUBLIC_KEY, v1a(BODY)],
  ])('given %s, then it is verified and read', async (_what, secret, signature) => {
    expect(await receiver([secret]).verify(request(signature))).toEqual({
      signature: { scheme: 'standard-webhooks', id: ID, sentAt: SENT_AT },
      eventId: ID,
      format: 'json',
      payload: {
        type: 'invoice.paid',
        timestamp: '2026-01-15T10:20:29.5Z',
        data: { total: 12.5, lines: [{ sku: 'a' }] },
      },
    });
  });

  it.each([
    ['the old secret of two', [OTHER_SECRET, SECRET], v1(BODY)],
    ['both secrets', [SECRET], `${v1(BODY, ID, Buffer.alloc(32, 2))} ${v1(BODY)}`],
    ['a secret and a key, of which the key is known', [PUBLIC_KEY], `${v1(BODY)} ${v1a(BODY)}`],
    ['versions to come', [SECRET], `v9,xyz ${v1(BODY)}`],
  ])('while keys change, given signatures by %s, then it is accepted', async (_what, secrets, signature) => {
    await expect(receiver(secrets).verify(request(signature))).resolves.toBeDefined();
  });

  it.each([
    ['another body', request(v1(BODY), { body: BODY.replace('12.5', '99.5') }), 'signature_mismatch'],
    ['another secret', request(v1(BODY, ID, Buffer.alloc(32, 3))), 'signature_mismatch'],
    ['a MAC that is called a signature', request(v1(BODY).replace('v1', 'v1a')), 'signature_mismatch'],
    ['no version', request(v1(BODY).slice(3)), 'signature_mismatch'],
    ['a timestamp in words', request(v1(BODY), { 'webhook-timestamp': 'now' }), 'timestamp_malformed'],
    ['no id', request(v1(BODY), { 'webhook-id': undefined }), 'header_missing'],
  ])('given %s, then it is refused', async (_what, changed, code) => {
    await expect(receiver([SECRET, PUBLIC_KEY]).verify(changed)).rejects.toEqual(failing(code));
  });

  it.each([
    [300, undefined],
    [301, 'timestamp_out_of_tolerance'],
    [-300, undefined],
    [-301, 'timestamp_out_of_tolerance'],
  ])('given a clock that is %d seconds ahead of the sender’s, then the outcome is %s', async (seconds, code) => {
    const verifying = receiver([SECRET], seconds).verify(request(v1(BODY)));
    await (code === undefined
      ? expect(verifying).resolves.toBeDefined()
      : expect(verifying).rejects.toEqual(failing(code)));
  });

  it('given a tolerance of its own, then it counts', async () => {
    const strict = receiver([SECRET], 11, { toleranceSeconds: 10 });
    await expect(strict.verify(request(v1(BODY)))).rejects.toEqual(failing('timestamp_out_of_tolerance'));
  });

  it('given secrets by request, then the function is asked with the target', async () => {
    const byTarget = receiver(({ target }) => Promise.resolve(target === '/hook' ? [SECRET] : []));
    await expect(byTarget.verify(request(v1(BODY)))).resolves.toBeDefined();
    await expect(byTarget.verify({ ...request(v1(BODY)), target: '/other' })).rejects.toEqual(
      failing('signature_mismatch'),
    );
  });

  it('given a function that fails or gives what is no secret, then that is what is said', async () => {
    const vault = new Error('The vault is shut');
    await expect(receiver(() => Promise.reject(vault)).verify(request(v1(BODY)))).rejects.toBe(vault);
    await expect(receiver(() => ['secret']).verify(request(v1(BODY)))).rejects.toEqual(failing('secret_malformed'));
  });

  it('given a form, which this signature does not say to be one, then it is refused', async () => {
    const form = 'type=click&timestamp=x&time=1';
    const forged = request(v1(form), { body: form, 'content-type': 'application/x-www-form-urlencoded' });
    await expect(receiver([SECRET]).verify(forged)).rejects.toEqual(failing('content_type_unsupported'));
  });
});

describe('a request by Standard Webhooks that comes again', () => {
  it('given the same request, then it is refused, however its signatures are written', async () => {
    const one = receiver([SECRET]);
    await one.verify(request(v1(BODY)));
    await expect(one.verify(request(v1(BODY)))).rejects.toEqual(failing('replayed'));
    await expect(one.verify(request(`v9,x ${v1(BODY).replace('=', '')}`))).rejects.toEqual(failing('replayed'));
  });

  it('given the same event by another webhook in the same second, then that is another request', async () => {
    const one = receiver([SECRET, OTHER_SECRET]);
    await one.verify(request(v1(BODY)));
    await expect(one.verify(request(v1(BODY, ID, Buffer.alloc(32, 2))))).resolves.toBeDefined();
  });
});

describe('a CloudEvent in structured mode', () => {
  const TYPE = { 'content-type': 'application/cloudevents+json; charset=utf-8' };
  const event = {
    specversion: '1.0',
    id: 'evt-1',
    source: '/postduif/1234',
    type: 'invoice.paid',
    time: '2026-01-15T10:20:30Z',
    profile: '123',
    region: 'eu',
    data: { total: 12.5 },
  };
  const received = (change: Record<string, unknown>): Promise<unknown> => {
    const body = JSON.stringify({ ...event, ...change });
    return receiver([SECRET]).verify(request(v1(body), { body, ...TYPE }));
  };

  it('given one, then it comes with all its attributes', async () => {
    expect(await received({})).toMatchObject({ eventId: ID, format: 'cloudevents', payload: event });
  });

  it.each([
    [{ specversion: '0.3' }, 'specversion must be 1.0'],
    [{ id: '' }, 'id must be a text that is not empty'],
    [{ source: undefined }, 'source must be'],
    [{ type: 1 }, 'type must be'],
    [{ time: 5 }, 'time must be a text'],
    [{ profile: 123 }, 'profile must be a text'],
    [{ type: 'click', data: { ip: '::1' } }, 'id is missing'],
    [{ type: 'click', data: 'text' }, 'data must be a JSON object'],
  ])('given %p, then it is refused', async (change, message) => {
    await expect(received(change)).rejects.toThrow(message);
    await expect(received(change)).rejects.toEqual(failing('body_malformed'));
  });

  it('given a type that is not known, then it is refused', async () => {
    await expect(received({ type: 'subscribe' })).rejects.toEqual(failing('type_unknown'));
  });

  it('given several in one body, then they are refused', async () => {
    const batch = request(v1('[]'), { body: '[]', 'content-type': 'application/cloudevents-batch+json' });
    await expect(receiver([SECRET]).verify(batch)).rejects.toEqual(failing('content_type_unsupported'));
    await expect(receiver([SECRET]).verify(request(v1('[]'), { body: '[]', ...TYPE }))).rejects.toEqual(
      failing('body_malformed'),
    );
  });
});
