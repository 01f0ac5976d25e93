import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { FORM_DECODERS } from './testing/form-decoders.js';
import { checkHttpSignature } from './testing/http-signature.js';
import type { PublishedKey } from './testing/http-signature.js';
import { RecordingReceiver } from './testing/recording-receiver.js';
import type { Endpoint } from './testing/recording-receiver.js';
import { RunningSystem } from './testing/running-system.js';
import { TRIGGER_EXAMPLES } from './testing/trigger-events.js';
import { until } from './testing/until.js';

jest.setTimeout(180_000);

const TIME = '2026-01-15T10:20:30Z';
let system: RunningSystem;
let receiver: RecordingReceiver;

beforeAll(async () => {
  [system, receiver] = await Promise.all([RunningSystem.start(), RecordingReceiver.listen()]);
});

afterAll(async () => {
  await system.stop();
  await receiver.goAway();
});

describe(`a form, decoded by ${FORM_DECODERS.map(([name]) => name).join(' and ')}`, () => {
  const endpoints = new Map<string, Endpoint>();
  let keys: PublishedKey[];

  beforeAll(async () => {
    for (const trigger of new Set(TRIGGER_EXAMPLES.map(({ event }) => event.type))) {
      const endpoint = receiver.at(`/form/${trigger}`);
      endpoints.set(trigger, endpoint);
      await system.createWebhook({ handler: endpoint.url, trigger });
    }
    keys = await system.get('/v1/signing-keys');
    await system.settled();
  });

  it('has examples of all ten triggers', () => {
    expect([...endpoints.keys()].sort()).toEqual(
      ['abuse', 'bounce', 'click', 'create', 'delete', 'delivery', 'failure', 'open', 'unsubscribe', 'update'].sort(),
    );
  });

  it.each(TRIGGER_EXAMPLES.map((example) => [`${example.event.type} ${example.about}`, example] as const))(
    'given %s, then every field arrives as it was sent, in a signed request',
    async (_, { event, posted }) => {
      const endpoint = endpoints.get(event.type)!;
      const id = await system.post({ ...event, time: TIME });
      const request = await until(
        () => endpoint.requests.find(({ headers }) => headers['x-webhook-event-id'] === id),
        'the event arrives',
      );

      expect(request.headers['content-type']).toBe('application/x-www-form-urlencoded');
      const time = { type: event.type, timestamp: '2026-01-15 10:20:30', time: '1768472430' };
      for (const [, decode] of FORM_DECODERS) {
        const decoded = decode(request.body);
        expect(decoded).toEqual({ ...time, ...posted });
        expect(Object.keys(decoded).slice(0, 4)).toEqual(['type', 'timestamp', 'time', 'id']);
      }
      expect(checkHttpSignature(request, keys)).toMatchObject({ digestMatches: true, signatureMatches: true });
    },
  );
});

describe('a json webhook', () => {
  it('given an invoice.paid, then its data arrives unchanged, with a Standard Webhooks signature of the secret', async () => {
    const data = {
      number: '2026-001',
      amount: { cents: 12_100, currency: 'EUR' },
      lines: [null, true, 'ü', { 'odd [name]': '' }],
    };
    const endpoint = receiver.at('/invoices');
    const webhook = await system.createWebhook({ handler: endpoint.url, trigger: 'invoice.paid' });
    const { secret } = await system.get<{ secret: string }>(`/v1/webhooks/${webhook}/secret`);
    await system.settled();

    const id = await system.post({ type: 'invoice.paid', time: TIME, subject: 'invoice/2026-001', data });
    const [request] = await endpoint.receives(1);

    expect(secret).toMatch(/^whsec_/);
    expect(request!.headers).toMatchObject({ 'content-type': 'application/json', 'webhook-id': id });
    const headers = request!.headers as Record<string, string>;
    expect(new Webhook(secret).verify(request!.body, headers)).toEqual({ type: 'invoice.paid', timestamp: TIME, data });
    expect(headers.signature).toBeUndefined();
    const other = new Webhook(`whsec_${Buffer.alloc(32).toString('base64')}`);
    expect(() => other.verify(request!.body, headers)).toThrow('No matching signature found');
  });

  it('given a trigger of Copernica, then its fields arrive by the names of the form', async () => {
    const endpoint = receiver.at('/clicks.json');
    const webhook = await system.createWebhook({ handler: endpoint.url, trigger: 'click', format: 'json' });
    const { secret } = await system.get<{ secret: string }>(`/v1/webhooks/${webhook}/secret`);
    await system.settled();
    const { event } = TRIGGER_EXAMPLES.find(({ event: { type } }) => type === 'click')!;
    const { message, ...data } = event.data;

    await system.post({ ...event, time: TIME });
    const [request] = await endpoint.receives(1);

    const verified = new Webhook(secret).verify(request!.body, request!.headers as Record<string, string>);
    expect(verified).toEqual({
      type: 'click',
      timestamp: TIME,
      data: { id: message, profile: 123, subprofile: 456, database: 1, collection: 2, mailing: 466, ...data },
    });
  });
});
