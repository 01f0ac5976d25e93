import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { decodeDeliveryHeaders, topicNames } from '@postduif/contracts';
import { untilCommitted } from './testing/consumer-group.js';
import { checkHttpSignature } from './testing/http-signature.js';
import type { PublishedKey } from './testing/http-signature.js';
import { RecordedTopic } from './testing/recorded-topic.js';
import type { TopicRecord } from './testing/recorded-topic.js';
import { RecordingReceiver } from './testing/recording-receiver.js';
import type { Endpoint, Script } from './testing/recording-receiver.js';
import { RunningSystem } from './testing/running-system.js';

jest.setTimeout(180_000);

/** The operator trusts the handlers, but allows only one address beside the public ones. */
const ENVIRONMENT = {
  all: { OUTBOUND_ALLOW: '127.0.0.1/32' },
  subscription: { TRUSTED_HANDLER_HOSTS: '127.0.0.1,127.0.0.2,*.localhost,[::ffff:7f00:2]' },
};
/** Finds the dead letter of an event. */
const isOf =
  (event: string | undefined) =>
  ({ headers }: TopicRecord): boolean =>
    decodeDeliveryHeaders(headers)?.event === event;

let system: RunningSystem;
let receiver: RecordingReceiver;
let dead: RecordedTopic;
let triggers = 0;

beforeAll(async () => {
  [system, receiver] = await Promise.all([RunningSystem.start({ env: ENVIRONMENT }), RecordingReceiver.listen()]);
  dead = await RecordedTopic.read(system.stack.brokers, topicNames('postduif.').dead);
});

afterAll(async () => {
  await dead.close();
  await system.stop();
  await receiver.goAway();
});

interface Subscription {
  readonly endpoint: Endpoint;
  readonly webhook: string;
  /** Sends events that this webhook alone wants; returns their ids. */
  send(count: number): Promise<string[]>;
}

/** A webhook with a trigger and an endpoint of its own; its configuration still has to settle. */
async function subscribe(properties: Readonly<Record<string, unknown>> = {}, script?: Script): Promise<Subscription> {
  triggers += 1;
  const type = `test.case-${triggers}`;
  const endpoint = receiver.at(`/${type}`, script);
  const webhook = await system.createWebhook({ handler: endpoint.url, trigger: type, ...properties });
  const send = (count: number): Promise<string[]> =>
    Promise.all(Array.from({ length: count }, (_, n) => system.post({ type, data: { n } })));
  return { endpoint, webhook, send };
}

/** The receiver fails as often as there are statuses, then accepts. */
function failing(...statuses: number[]): Script {
  return (nth) => ({ status: statuses[nth] ?? 200 });
}

describe('a receiver that fails', () => {
  it('given 500, 500, 200, then the same bytes come three times, each time dated and signed anew', async () => {
    const endpoint = receiver.at('/flaky', failing(500, 500));
    await system.createWebhook({ handler: endpoint.url, trigger: 'open', schedule: [1, 1] });
    await system.settled();
    const data = { message: 'm1', recipient: 'zoë@example.com', ip: '203.0.113.9' };

    const event = await system.post({ type: 'open', data });
    const requests = await endpoint.receives(3);

    const bodies = requests.map(({ body }) => body.toString('hex'));
    expect(new Set(bodies).size).toBe(1);
    for (const fresh of ['date', 'x-nonce', 'signature'])
      expect(new Set(requests.map(({ headers }) => headers[fresh])).size).toBe(3);
    const keys = await system.get<PublishedKey[]>('/v1/signing-keys');
    for (const request of requests)
      expect(checkHttpSignature(request, keys)).toMatchObject({ digestMatches: true, signatureMatches: true });
    expect(requests.map(({ headers }) => headers['x-webhook-attempt'])).toEqual(['1', '2', '3']);
    expect(endpoint.events).toEqual([event, event, event]);
    expect(await system.ended(event)).toMatchObject({
      state: 'delivered',
      attempts: [
        { attempt: 1, outcome: 'retrying', status: 500, error: 'http_status' },
        { attempt: 2, outcome: 'retrying', status: 500, error: 'http_status' },
        { attempt: 3, outcome: 'delivered', status: 200 },
      ],
    });
  });

  it('given one that is away, when it comes back, then it gets its event', async () => {
    const absent = await RecordingReceiver.listen();
    const endpoint = absent.at('/hook');
    const { webhook, send } = await subscribe({ handler: endpoint.url, schedule: Array<number>(20).fill(1) });
    await system.settled();
    await absent.goAway();

    const [event] = await send(1);
    await system.history(event!, ({ deliveries: [delivery] }) => (delivery?.attempts.length ?? 0) >= 2);
    await absent.comeBack();
    await endpoint.receives(1);

    expect(endpoint.events).toEqual([event]);
    const { state, attempts } = await system.ended(event!);
    expect(state).toBe('delivered');
    expect(attempts.slice(0, -1).every(({ error }) => error === 'connect_refused')).toBe(true);
    expect(await system.attempts({ webhook, error: 'connect_refused' })).toHaveLength(attempts.length - 1);
    await absent.goAway();
  });

  it('given a failure at the last attempt, then the record is on the dead topic with the reason, and nothing comes after it', async () => {
    const { endpoint, webhook, send } = await subscribe({ schedule: [1] }, () => ({ status: 503, body: 'closed' }));
    await system.settled();

    const [event] = await send(1);
    const record = await dead.find(isOf(event));

    expect(record.headers).toMatchObject({
      reason: 'attempts_exhausted',
      'reason-detail': 'The receiver answered 503.',
    });
    expect(decodeDeliveryHeaders(record.headers)).toMatchObject({
      webhook,
      attempt: 2,
      contentType: 'application/json',
    });
    expect(record.value).toEqual(endpoint.requests[0]!.body);
    expect(await system.ended(event!)).toMatchObject({
      state: 'dead',
      reason: 'attempts_exhausted',
      attempts: [{ outcome: 'retrying' }, { outcome: 'dead', status: 503 }],
    });
    expect(endpoint.requests).toHaveLength(2);
  });

  it('given Retry-After, then the next attempt comes after what the receiver asked for, not after what the schedule says', async () => {
    const busy: Script = (nth) => (nth > 0 ? { status: 204 } : { status: 429, headers: { 'retry-after': '3' } });
    const { send } = await subscribe({ schedule: [1] }, busy);
    await system.settled();

    const [event] = await send(1);
    const [first, second] = (await system.ended(event!)).attempts;

    expect([first, second]).toMatchObject([{ status: 429 }, { status: 204, outcome: 'delivered' }]);
    const asked = Date.parse(first!.at) + 3_000;
    expect(Date.parse(first!.nextAttemptAt!)).toBeGreaterThanOrEqual(asked);
    expect(Date.parse(second!.at)).toBeGreaterThanOrEqual(asked);
  });

  it('given a redirect, then it is not followed', async () => {
    const elsewhere = receiver.at('/elsewhere');
    const redirect: Script = () => ({ status: 307, headers: { location: elsewhere.url } });
    const { send } = await subscribe({ schedule: [] }, redirect);
    await system.settled();

    const [event] = await send(1);

    expect(await system.ended(event!)).toMatchObject({
      state: 'dead',
      attempts: [{ status: 307, error: 'http_status' }],
    });
    expect(elsewhere.requests).toEqual([]);
  });

  it('given 410, then the webhook is disabled and gets nothing more, until its owner enables it', async () => {
    const { endpoint, webhook, send } = await subscribe({}, failing(410));
    await system.settled();

    const [gone] = await send(1);
    expect(await system.ended(gone!)).toMatchObject({ state: 'dead', reason: 'receiver_gone' });
    expect((await dead.find(isOf(gone))).headers.reason).toBe('receiver_gone');
    await system.shows(webhook, { state: 'disabled' });
    await system.settled();
    await send(1);
    await system.changeWebhook(webhook, { state: 'enabled' });
    await system.settled();
    const [event] = await send(1);
    await endpoint.receives(2);

    expect(endpoint.events).toEqual([gone, event]);
  });
});

describe('deliveries that wait for their next attempt', () => {
  it('given a kill -9 meanwhile, then each gets its next attempt, and not before it is due', async () => {
    const { endpoint, webhook, send } = await subscribe({ schedule: [3] }, (nth) => ({ status: nth < 8 ? 500 : 200 }));
    await system.settled();

    const events = await send(8);
    await endpoint.receives(8);
    await untilCommitted(system.stack.brokers, 'postduif.delivery', topicNames('postduif.').deliveries);
    system.stack.kill('delivery');
    await system.stack.ready('delivery');
    const attempts = await system.delivered(webhook, new Set(events));

    expect(attempts.map(({ attempt }) => attempt)).toEqual(attempts.map(() => 2));
    const due = new Map(
      (await system.attempts({ webhook, outcome: 'retrying' })).map((one) => [one.event, one.nextAttemptAt]),
    );
    for (const { event, at } of attempts) expect(Date.parse(at)).toBeGreaterThanOrEqual(Date.parse(due.get(event)!));
  });

  it.each([
    ['is deleted', 'webhook_deleted', (webhook: string) => system.call('DELETE', `/v4/webhook/${webhook}`)],
    [
      'is disabled',
      'webhook_disabled',
      (webhook: string) => system.call('PUT', `/v4/webhook/${webhook}`, { state: 'disabled' }),
    ],
  ])('given a webhook that %s, then they are on the dead topic with the reason %s', async (_, reason, change) => {
    const { endpoint, webhook, send } = await subscribe({ schedule: [2] }, () => ({ status: 500 }));
    await system.settled();

    const [event] = await send(1);
    await endpoint.receives(1);
    expect((await change(webhook)).status).toBe(204);
    const record = await dead.find(isOf(event));

    expect(record.headers.reason).toBe(reason);
    expect(decodeDeliveryHeaders(record.headers)).toMatchObject({ webhook });
    expect(endpoint.requests).toHaveLength(1);
    expect(await system.ended(event!)).toMatchObject({ state: 'dead', reason });
  });
});

describe('one receiver and the others', () => {
  it('given one that hangs, then all events of another arrive while every request to the first is open, and later its own', async () => {
    const hanging = await subscribe({ concurrency: 3 }, () => 'hang');
    const healthy = await subscribe();
    await system.settled();

    const waiting = await hanging.send(20);
    await hanging.endpoint.receives(3);
    const served = await healthy.send(200);
    await healthy.endpoint.receives(200);

    expect(healthy.endpoint.arrived).toEqual(new Set(served));
    expect(hanging.endpoint.requests).toHaveLength(3);
    expect(hanging.endpoint.open).toBe(3);

    hanging.endpoint.become();
    await hanging.endpoint.receives(20);
    expect(hanging.endpoint.mostOpen).toBe(3);
    expect(hanging.endpoint.arrived).toEqual(new Set(waiting));
    expect(hanging.endpoint.repeats).toBe(0);
  });

  it('given a rate, then no second has more requests than that', async () => {
    const rate = 20;
    const { endpoint, webhook, send } = await subscribe({ rate });
    await system.settled();

    await send(50);
    await endpoint.receives(50);
    await system.history(endpoint.events.at(-1)!, ({ deliveries }) => deliveries.length > 0);

    const starts = (await system.attempts({ webhook })).map(({ at }) => Date.parse(at)).sort((a, b) => a - b);
    const ofRateAndOne = starts.slice(rate).map((start, n) => start - starts[n]!);
    expect(Math.min(...ofRateAndOne)).toBeGreaterThanOrEqual(1_000);
  });
});

describe('an address that the operator has not allowed', () => {
  // All of them lead to a server that listens: a request that was let through would be seen.
  it.each([
    ['an address beside the allowed one', '127.0.0.2'],
    ['the same in one number', '2130706434'],
    ['the same in hexadecimal', '0x7f.2'],
    ['the same as IPv4-mapped IPv6', '[::ffff:127.0.0.2]'],
    ['a name that leads to the allowed address and to another one', 'receiver.localhost'],
  ])('given %s, then no request reaches it', async (_, host) => {
    const { endpoint, webhook, send } = await subscribe({ schedule: [1] });
    await system.changeWebhook(webhook, { handler: endpoint.url.replace('127.0.0.1', host) });
    await system.settled();

    const [event] = await send(1);

    expect(await system.ended(event!)).toMatchObject({
      state: 'dead',
      attempts: [{ error: 'address_not_allowed' }, { error: 'address_not_allowed' }],
    });
    expect(endpoint.requests).toEqual([]);
  });
});
