import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { answerHandshake, Receiver } from '@postduif/receiver';
import type { HandshakeOptions, Webhook } from '@postduif/receiver';
import { CloudEvent } from 'cloudevents';
import { RecordingReceiver } from './testing/recording-receiver.js';
import type { RecordedRequest, Script } from './testing/recording-receiver.js';
import { RunningSystem } from './testing/running-system.js';
import { TRIGGER_EXAMPLES } from './testing/trigger-events.js';

jest.setTimeout(180_000);

let system: RunningSystem;
let receiver: RecordingReceiver;

beforeAll(async () => {
  [system, receiver] = await Promise.all([RunningSystem.start(), RecordingReceiver.listen()]);
});

afterAll(async () => {
  await system.stop();
  await receiver.goAway();
});

/** What a receiver that knows one secret or public key makes of a request. */
function read(secret: string, request: RecordedRequest): Promise<Webhook> {
  return new Receiver({ standardWebhooks: { secrets: [secret] } }).verify(request);
}

interface Secrets {
  readonly secret: string;
  readonly previous: readonly { readonly until: string }[];
}

async function rotate(webhook: string, given?: object): Promise<Secrets> {
  const response = await system.call('POST', `/v1/webhooks/${webhook}/secret/rotate`, given);
  expect([response.status, response.headers.get('cache-control')]).toEqual([200, 'no-store']);
  return (await response.json()) as Secrets;
}

describe('a secret that is rotated', () => {
  it('given an overlap, then receivers with the old and with the new one accept; when it is ended, only with the new one', async () => {
    const endpoint = receiver.at('/rotating');
    const webhook = await system.createWebhook({ handler: endpoint.url, trigger: 'invoice.paid' });
    const { secret: first } = await system.get<Secrets>(`/v1/webhooks/${webhook}/secret`);
    const { secret: second, previous } = await rotate(webhook);
    expect(previous).toEqual([{ signature: 'v1', until: expect.stringMatching(/^\d{4}-.*Z$/) }]);
    await system.settled();

    await system.post({ type: 'invoice.paid', data: { number: 1 } });
    const [during] = await endpoint.receives(1);
    for (const secret of [first, second])
      await expect(read(secret, during!)).resolves.toMatchObject({ payload: { data: { number: 1 } } });

    const own = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;
    expect(await rotate(webhook, { secret: own, overlap: 0 })).toEqual({
      ...{ signature: 'v1', secret: own, previous: [] },
    });
    await system.settled();
    await system.post({ type: 'invoice.paid', data: { number: 2 } });
    const [, after] = await endpoint.receives(2);
    await expect(read(own, after!)).resolves.toMatchObject({ payload: { data: { number: 2 } } });
    for (const secret of [first, second])
      await expect(read(secret, after!)).rejects.toMatchObject({ code: 'signature_mismatch' });
  });

  it.each([
    ['a secret that is too short', { secret: 'whsec_AAAA' }, 'secret'],
    ['an overlap of eight days', { overlap: 691_200 }, 'overlap'],
  ])('given %s, then it is refused and the field is named', async (_what, given, path) => {
    const webhook = await system.createWebhook({ handler: receiver.at('/kept').url, trigger: 'invoice.kept' });
    const response = await system.call('POST', `/v1/webhooks/${webhook}/secret/rotate`, given);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: 'invalid_request', errors: [{ path }] });
    expect(await system.get(`/v1/webhooks/${webhook}/secret`)).toMatchObject({ previous: [] });
  });
});

describe('a webhook with the signature v1a', () => {
  interface Keys {
    readonly publicKey: string;
    readonly previous: readonly { readonly publicKey: string }[];
  }

  it('given its public key, then a receiver verifies; while the pair rotates, with the old and the new one', async () => {
    const endpoint = receiver.at('/ed25519');
    const properties = { handler: endpoint.url, trigger: 'invoice.signed', signature: 'v1a' };
    const webhook = await system.createWebhook(properties);
    const { publicKey: first } = await system.get<Keys>(`/v1/webhooks/${webhook}/secret`);
    expect(first).toMatch(/^whpk_/);
    expect(await system.get(`/v4/webhook/${webhook}`)).toMatchObject({ format: 'json', signature: 'v1a' });
    await system.settled();
    await system.post({ type: 'invoice.signed', data: { number: 1 } });
    const [before] = await endpoint.receives(1);
    expect(before!.headers['webhook-signature']).toMatch(/^v1a,\S{88}$/);
    await expect(read(first, before!)).resolves.toMatchObject({ payload: { data: { number: 1 } } });

    const response = await system.call('POST', `/v1/webhooks/${webhook}/secret/rotate`);
    const { publicKey: second, previous } = (await response.json()) as Keys;
    expect(previous).toMatchObject([{ publicKey: first }]);
    await system.settled();
    await system.post({ type: 'invoice.signed', data: { number: 2 } });
    const [, during] = await endpoint.receives(2);
    for (const key of [first, second])
      await expect(read(key, during!)).resolves.toMatchObject({ payload: { data: { number: 2 } } });
    await expect(read(second, before!)).rejects.toMatchObject({ code: 'signature_mismatch' });
  });

  it('given a form, then it is refused', async () => {
    const properties = { handler: receiver.at('/form').url, trigger: 'click', signature: 'v1a' };
    const response = await system.call('POST', '/v4/webhooks', properties);
    expect(response.status).toBe(400);
    expect(await response.text()).toContain('signature: a form is signed as Copernica does');
  });
});

describe('a cloudevents webhook', () => {
  interface Validation {
    readonly validated: boolean;
    readonly handshake: { readonly origin: string; readonly granted: boolean; readonly allowedRate: number | null };
  }

  /** Agrees as the library does, and accepts all events. */
  const agreeing =
    (options: HandshakeOptions): Script =>
    (_nth, { method, headers }) =>
      answerHandshake({ method, headers }, options) ?? { status: 204 };
  /** Nobody trusts this name of our own. */
  const handlerAt = (path: string): string => `http://receiver.localhost:${receiver.port}${path}`;
  const validation = (webhook: string) => system.get<Validation>(`/v4/webhook/${webhook}/validation`);
  const validate = async (webhook: string) =>
    (await (await system.call('POST', `/v4/webhook/${webhook}/validate`)).json()) as Validation;

  it('given a receiver that agrees, then its events come, as CloudEvents that both libraries read, from whom it agreed to', async () => {
    const properties = { handler: handlerAt('/events'), trigger: 'click', format: 'cloudevents' };
    const webhook = await system.createWebhook(properties);
    const { handshake, validated } = await validation(webhook);
    expect({ handshake, validated }).toMatchObject({ handshake: { granted: false }, validated: false });
    const endpoint = receiver.at('/events', agreeing({ origins: ['other.example'] }));
    expect(await validate(webhook)).toMatchObject({ validated: false, handshake: { granted: false } });
    endpoint.become(agreeing({ origins: [handshake.origin], requestsPerMinute: 6_000 }));
    expect(await validate(webhook)).toMatchObject({
      validated: true,
      handshake: { granted: true, allowedRate: 6_000 },
    });
    expect((await validation(webhook)).handshake).toMatchObject({ granted: true, allowedRate: 6_000 });
    const { secret } = await system.get<Secrets>(`/v1/webhooks/${webhook}/secret`);
    await system.settled();

    const { event } = TRIGGER_EXAMPLES.find(({ event: { type } }) => type === 'click')!;
    const id = await system.post({ ...event, time: '2026-01-15T10:20:30Z', region: 'eu' });
    const [, , delivered] = await endpoint.receives(3);
    expect(delivered!.headers).toMatchObject({
      'content-type': 'application/cloudevents+json',
      'webhook-request-origin': handshake.origin,
      'webhook-id': id,
    });
    const { format, eventId, payload } = await read(secret, delivered!);
    expect([format, eventId]).toEqual(['cloudevents', id]);
    const attributes = { id, type: 'click', source: '/accounts/1', account: '1', profile: '123', region: 'eu' };
    expect(payload).toMatchObject({ ...attributes, data: { recipient: event.data.recipient, profile: 123 } });
    expect(new CloudEvent(JSON.parse(delivered!.body.toString()) as object)).toMatchObject(attributes);
  });

  it('given a receiver that agrees later, at the callback, then it is validated', async () => {
    const type = 'order.agreed';
    const webhook = await system.createWebhook({ handler: handlerAt('/later'), trigger: type, format: 'cloudevents' });
    const endpoint = receiver.at('/later', () => ({ status: 204 }));
    expect(await validate(webhook)).toMatchObject({ validated: false, handshake: { granted: false } });
    const callback = String(endpoint.requests[0]!.headers['webhook-request-callback']);
    expect((await fetch(callback.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A')))).status).toBe(404);
    const agreed = await fetch(callback, { method: 'POST', headers: { 'WebHook-Allowed-Rate': '120' } });
    expect([agreed.status, await agreed.json()]).toEqual([200, { granted: true }]);
    expect(await validation(webhook)).toMatchObject({
      validated: true,
      handshake: { granted: true, allowedRate: 120 },
    });
    await system.settled();
    const id = await system.post({ type, data: {} });
    await endpoint.receives(2);
    expect(endpoint.events[1]).toBe(id);
  });

  it('given v1a, then CloudEvents are signed by ed25519', async () => {
    const endpoint = receiver.at('/signed-events');
    const type = 'order.signed';
    const properties = { handler: endpoint.url, trigger: type, format: 'cloudevents', signature: 'v1a' };
    const webhook = await system.createWebhook(properties);
    const { publicKey } = await system.get<{ publicKey: string }>(`/v1/webhooks/${webhook}/secret`);
    await system.settled();
    await system.post({ type, source: '/shop', subject: 'order/7', data: { total: 12.5 } });
    const [request] = await endpoint.receives(1);
    await expect(read(publicKey, request!)).resolves.toMatchObject({
      format: 'cloudevents',
      payload: { type, source: '/shop', subject: 'order/7', data: { total: 12.5 } },
    });
  });
});
