import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { topicNames } from '@postduif/contracts';
import { untilCommitted } from './testing/consumer-group.js';
import { checkHttpSignature } from './testing/http-signature.js';
import type { PublishedKey } from './testing/http-signature.js';
import { RecordingReceiver } from './testing/recording-receiver.js';
import type { RecordedRequest } from './testing/recording-receiver.js';
import { RunningSystem } from './testing/running-system.js';
import type { PostedEvent } from './testing/running-system.js';
import { until } from './testing/until.js';

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

function created(profile: number, more: Partial<PostedEvent> = {}): PostedEvent {
  const fields = { name: 'Zoë', mail: `zoe${profile}@example.com` };
  return { type: 'create', database: 1, profile, data: { parameters: fields, fields }, ...more };
}

function form({ body }: RecordedRequest): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(body.toString('latin1')));
}

describe('the quick start', () => {
  it('given an account-wide webhook for create, when a profile is created, then a signed POST arrives and history shows it', async () => {
    const endpoint = receiver.at('/hook.php');
    const webhook = await system.createWebhook({ handler: `${endpoint.url}?tenant=7&x=%2Fa`, trigger: 'create' });
    await system.settled();

    const event = await system.post(created(123));
    const [request] = await endpoint.receives(1);

    expect(request).toMatchObject({ method: 'POST', target: '/hook.php?tenant=7&x=%2Fa' });
    expect(request!.headers).toMatchObject({
      'content-type': 'application/x-www-form-urlencoded',
      'content-length': String(request!.body.length),
      host: `127.0.0.1:${receiver.port}`,
      'x-copernica-id': 'account_1',
      'x-webhook-event-id': event,
      'x-webhook-attempt': '1',
    });
    expect(form(request!)).toMatchObject({ type: 'create', profile: '123', database: '1', 'fields[name]': 'Zoë' });
    expect(checkHttpSignature(request!, await system.get<PublishedKey[]>('/v1/signing-keys'))).toEqual({
      keyId: expect.stringMatching(/^[a-z0-9-]+\._domainkey\.signing\.postduif\.example$/),
      algorithm: 'rsa-sha256',
      covered: [
        '(request-target)',
        'host',
        'date',
        'content-length',
        'content-type',
        'x-copernica-id',
        'digest',
        'x-nonce',
      ],
      digestMatches: true,
      signatureMatches: true,
    });

    const shown = await system.history(event, ({ deliveries }) => deliveries.length > 0);
    expect(shown.event).toMatchObject({ id: event, type: 'create', account: '1', profile: 123 });
    expect(shown.deliveries).toMatchObject([
      { webhook, state: 'delivered', attempts: [{ attempt: 1, outcome: 'delivered', status: 200, requested: true }] },
    ]);
    expect(await system.get('/v1/events?type=create&profile=123')).toMatchObject({ data: [{ id: event }], next: null });
    expect(await system.attempts({ webhook })).toMatchObject([{ event, outcome: 'delivered' }]);
  });

  it('given an id that was accepted before, when it is sent again, also after a crash, then it is accepted again and not delivered again', async () => {
    const endpoint = receiver.at('/once');
    await system.createWebhook({ handler: endpoint.url, trigger: 'create', database: 77 });
    await system.settled();
    const event = created(1, { id: 'the-same', database: 77 });

    expect([await system.post(event), await system.post(event)]).toEqual(['the-same', 'the-same']);
    await endpoint.receives(1);
    await untilCommitted(system.stack.brokers, 'postduif.fan-out', topicNames('postduif.').events);
    system.stack.kill('fan-out');
    await system.stack.ready('fan-out');
    await system.post(event);
    // Events about the same profile are handled in order: when the next one has come, a repeat would have.
    const next = await system.post(created(1, { database: 77 }));
    await endpoint.receives(2);

    expect(endpoint.events).toEqual(['the-same', next]);
  });
});

describe('changes of the configuration', () => {
  it('reach delivery: limits, another handler, disabled, enabled, deleted', async () => {
    const [first, second, control] = ['/first', '/second', '/control'].map((path) => receiver.at(path));
    await system.createWebhook({ handler: control!.url, trigger: 'create' });
    const webhook = await system.createWebhook({ handler: first!.url, trigger: 'create', database: 5 });
    const sent: string[] = [];
    const send = async (event: PostedEvent): Promise<string> => {
      const id = await system.post(event);
      await control!.receives(sent.push(id));
      return id;
    };
    const change = async (properties: Record<string, unknown>): Promise<void> => {
      await system.changeWebhook(webhook, properties);
      await system.settled();
    };

    await system.settled();
    await send(created(1, { database: 6 }));
    const wanted = await send(created(2, { database: 5 }));
    await first!.receives(1);
    await change({ handler: second!.url });
    const moved = await send(created(3, { database: 5 }));
    await second!.receives(1);
    await change({ state: 'disabled' });
    await send(created(4, { database: 5 }));
    await change({ state: 'enabled', database: null });
    const enabled = await send(created(5, { database: 6 }));
    await second!.receives(2);
    expect((await system.call('DELETE', `/v4/webhook/${webhook}`)).headers.get('x-deleted')).toBe(`webhook ${webhook}`);
    await system.settled();
    await send(created(6, { database: 6 }));

    expect(first!.events).toEqual([wanted]);
    expect(second!.events).toEqual([moved, enabled]);
  });

  it('given shards that change while deliveries wait, then every event arrives', async () => {
    const endpoint = receiver.at('/shards');
    const type = 'shards.changed';
    const webhook = await system.createWebhook({ handler: endpoint.url, trigger: type, rate: 20 });
    await system.settled();
    const sent = new Set<string>();
    for (const shards of [4, 32, 2, null]) {
      for (let count = 0; count < 40; count++) sent.add(await system.post({ type, data: {} }));
      await system.changeWebhook(webhook, { shards });
      await system.settled();
    }
    expect(endpoint.arrived.size).toBeLessThan(sent.size);
    await until(() => endpoint.arrived.size === sent.size, 'every event has arrived');
    expect(endpoint.arrived).toEqual(sent);
  });

  it('given a handler that is not validated, then no event leaves for it until its verification file is found', async () => {
    const host = `receiver.localhost:${receiver.port}`;
    const endpoint = receiver.at('/dir/script');
    const control = receiver.at('/validated');
    await system.createWebhook({ handler: control.url, trigger: 'delete' });
    const webhook = await system.createWebhook({ handler: `http://${host}/dir/script`, trigger: 'delete' });
    const removed: PostedEvent = { type: 'delete', database: 1, profile: 9, data: { fields: {} } };
    await system.settled();
    await system.post(removed);
    await control.receives(1);

    const validation = await system.get<Validation>(`/v4/webhook/${webhook}/validation`);
    expect(validation).toMatchObject({
      locations: [`http://${host}/dir/${validation.file.name}`, `http://${host}/${validation.file.name}`],
      validated: false,
    });
    const misplaced = await system.call('POST', `/v4/webhook/${webhook}/validate`);
    expect(await misplaced.json()).toMatchObject({ validated: false });
    receiver.at(`/${validation.file.name}`, () => ({ status: 200, body: `${validation.file.contents}\r\n` }));
    const found = await system.call('POST', `/v4/webhook/${webhook}/validate`);
    expect(await found.json()).toMatchObject({ validated: true });
    await system.settled();
    expect(endpoint.events).toEqual([]);

    const event = await system.post({ ...removed, profile: 10 });
    await endpoint.receives(1);
    expect(endpoint.events).toEqual([event]);
  });
});

interface Validation {
  readonly file: { readonly name: string; readonly contents: string };
}

describe('the /v4 interface', () => {
  it('given a form, then makes a webhook, shows, lists, changes and deletes it as Copernica does', async () => {
    const properties =
      'handler=https%3A%2F%2Fexample.com%2Fhook.php&trigger=abuse&callers[]=ms&callers[]=publisher&database=1';
    const made = await system.call('POST', '/v4/webhooks', new URLSearchParams(properties));
    const id = made.headers.get('x-created');
    const address = `${system.stack.credentials.api}/v4/webhook/${id}`;
    expect([made.status, await made.text(), made.headers.get('x-location')]).toEqual([201, '', address]);

    const shown = await system.call('GET', `/v4/webhook/${id}`);
    expect(shown.headers.get('content-type')).toBe('application/json');
    const view = { ID: id, handler: 'https://example.com/hook.php', trigger: 'abuse', callers: ['ms', 'publisher'] };
    expect(await shown.json()).toMatchObject({ ...view, database: '1', collection: null, validated: false });
    const page = { start: 0, limit: 1, count: 1, total: 1 };
    expect(await system.get('/v4/webhooks?trigger=abuse&limit=1')).toMatchObject({ ...page, data: [view] });
    expect(await system.get('/v4/webhooks?trigger=abuse&start=1')).toMatchObject({
      start: 1,
      count: 0,
      total: 1,
      data: [],
    });

    const changed = await system.call('PUT', `/v4/webhook/${id}`, new URLSearchParams('callers[]=ms&database='));
    expect([changed.status, await changed.text()]).toEqual([204, '']);
    expect(await system.get(`/v4/webhook/${id}`)).toMatchObject({ callers: ['ms'], database: null, trigger: 'abuse' });

    const deleted = await system.call('DELETE', `/v4/webhook/${id}`);
    expect([deleted.status, deleted.headers.get('x-deleted')]).toEqual([204, `webhook ${id}`]);
    expect((await system.call('DELETE', `/v4/webhook/${id}`)).status).toBe(400);
  });

  const handler = 'https://example.com/hook';
  it.each([
    ['POST', '/v4/webhooks', { trigger: 'click' }, /^Invalid data provided: .*handler/],
    ['POST', '/v4/webhooks', { handler, trigger: 'clicked' }, /^Invalid data provided: trigger/],
    ['POST', '/v4/webhooks', { handler: 'ftp://example.com', trigger: 'click' }, /^Invalid data provided: handler/],
    ['POST', '/v4/webhooks', { handler, trigger: 'click', callers: ['nobody'] }, /^Invalid data provided: callers/],
    ['POST', '/v4/webhooks', { handler, trigger: 'click', database: 'x' }, /^Invalid data provided: database/],
    ['POST', '/v4/webhooks', { handler, trigger: 'click', schedule: [0] }, /^Invalid data provided: schedule/],
    ['POST', '/v4/webhooks', { handler, trigger: 'click', concurrency: 201 }, /^Invalid data provided: concurrency/],
    ['POST', '/v4/webhooks', '{"handler":', /^Invalid data provided/],
    ['GET', '/v4/webhook/999999', undefined, /^No entity with supplied ID$/],
    ['PUT', '/v4/webhook/nonsense', {}, /^No entity with supplied ID$/],
    ['GET', '/v4/webhooks?limit=1001', undefined, /limit/],
    ['PATCH', '/v4/webhooks', {}, /^Invalid method$/],
  ])('given %s %s %j, then it is refused with 400 and what is wrong', async (method, path, body, message) => {
    const response = await system.call(method, path, body, { 'content-type': 'application/json' });
    const { error } = (await response.json()) as { error: { message: string } };
    expect([response.status, response.headers.get('content-type')]).toEqual([400, 'application/json']);
    expect(error.message).toMatch(message);
  });

  it('given a wrong token, then it is refused with 400 as Copernica does, and on /v1 with 401', async () => {
    const wrong = { authorization: 'Bearer wrong-token' };
    const v4 = await system.call('GET', '/v4/webhooks', undefined, wrong);
    expect([v4.status, await v4.json()]).toEqual([
      400,
      { error: { message: 'Invalid access token', code: 'unauthenticated' } },
    ]);
    for (const path of ['/v1/signing-keys', '/v1/events', '/v1/attempts']) {
      const v1 = await system.call('GET', path, undefined, wrong);
      expect([v1.status, ((await v1.json()) as { code: string }).code]).toEqual([401, 'unauthenticated']);
    }
  });
});

describe('before events come', () => {
  it('a test is sent at once, signed, also to a disabled webhook, and is no delivery', async () => {
    const endpoint = receiver.at('/tested');
    const webhook = await system.createWebhook({ handler: endpoint.url, trigger: 'open', state: 'disabled' });
    const answer = await system.call('POST', `/v4/webhook/${webhook}/test`);
    expect([answer.status, await answer.json()]).toEqual([
      200,
      expect.objectContaining({ outcome: 'accepted', webhook }),
    ]);
    const [request] = await endpoint.receives(1);
    expect(request!.headers).toMatchObject({ 'x-webhook-test': '1', 'x-copernica-id': 'account_1' });
    const check = checkHttpSignature(request!, await system.get<PublishedKey[]>('/v1/signing-keys'));
    expect(check).toMatchObject({ digestMatches: true, signatureMatches: true });
    const event = await system.post({ type: 'open', data: { message: 'm', recipient: 'a@example.com', ip: '::1' } });
    await system.history(event, () => true);
    expect(await system.attempts({ webhook })).toEqual([]);
  });

  it('history says how many there would have been', async () => {
    const type = 'advice.counted';
    for (const database of [7, 7, 8]) await system.history(await system.post({ type, database, data: {} }), () => true);
    const advice = await system.get<object>(`/v1/webhooks/advice?trigger=${type}&database=7`);
    expect(advice).toMatchObject({ busy: false, advice: [], volume: { known: true, total: 2, busiestDay: 2 } });
  });
});

describe('the logs', () => {
  it('hold a line of each attempt, and neither bodies nor tokens nor secrets', async () => {
    const endpoint = receiver.at('/secret');
    const webhook = await system.createWebhook({ handler: endpoint.url, trigger: 'invoice.paid' });
    const { secret } = await system.get<{ secret: string }>(`/v1/webhooks/${webhook}/secret`);
    await system.settled();
    const event = await system.post({ type: 'invoice.paid', data: { customer: 'a-name-that-nobody-else-has' } });
    await system.ended(event);

    const logs = join(system.stack.home, 'logs');
    const read = (): string =>
      readdirSync(logs)
        .map((name) => readFileSync(join(logs, name), 'utf8'))
        .join('\n');
    // Lines are written together, a moment later.
    await until(() => read().includes(event), 'the event is in the logs');
    const all = read();

    for (const word of ['a-name-that-nobody-else-has', secret, system.stack.credentials.token, 'PRIVATE KEY'])
      expect(all).not.toContain(word);
  });
});
