import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { topicNames } from '@postduif/contracts';
import { CloudEvent, HTTP, Kafka } from 'cloudevents';
import kafkajs from 'kafkajs';
import type { Message, Producer } from 'kafkajs';
import { compressEverything } from './testing/compression.js';
import { plainKafka, RecordedTopic } from './testing/recorded-topic.js';
import { RecordingReceiver } from './testing/recording-receiver.js';
import type { Endpoint } from './testing/recording-receiver.js';
import { RunningSystem } from './testing/running-system.js';
import { until } from './testing/until.js';

jest.setTimeout(180_000);

const TYPE = 'order.shipped';
const TOPICS = topicNames('postduif.');
const { CompressionTypes } = kafkajs;
let system: RunningSystem;
let receiver: RecordingReceiver;
let endpoint: Endpoint;

beforeAll(async () => {
  [system, receiver] = await Promise.all([RunningSystem.start(), RecordingReceiver.listen()]);
  endpoint = receiver.at('/orders');
  await system.createWebhook({ handler: endpoint.url, trigger: TYPE });
  await system.settled();
});

afterAll(async () => {
  await system.stop();
  await receiver.goAway();
});

/** What arrives of an event that was sent with this id. */
async function delivered(id: string): Promise<unknown> {
  const arrived = await until(
    () => endpoint.requests.find(({ headers }) => headers['webhook-id'] === id),
    `the event ${id} arrives`,
  );
  return JSON.parse(arrived.body.toString());
}

function cloudEvent(id: string): CloudEvent<{ order: string }> {
  return new CloudEvent({
    id,
    type: TYPE,
    source: '/orders',
    time: '2026-01-15T10:20:30.000Z',
    datacontenttype: 'application/json',
    account: '1',
    data: { order: `Zoë's ${id}` },
  });
}

const expected = (id: string): unknown => ({
  type: TYPE,
  timestamp: '2026-01-15T10:20:30.000Z',
  data: { order: `Zoë's ${id}` },
});

describe('the topic ingest', () => {
  let producer: Producer;
  let rejected: RecordedTopic;

  beforeAll(async () => {
    compressEverything();
    producer = plainKafka(system.stack.brokers).producer({
      createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
    });
    await producer.connect();
    rejected = await RecordedTopic.read(system.stack.brokers, TOPICS.ingestRejected);
  });

  afterAll(async () => {
    await producer.disconnect();
    await rejected.close();
  });

  const produce = (message: Message, compression = CompressionTypes.None): Promise<unknown> =>
    producer.send({ topic: TOPICS.ingest, messages: [message], compression });

  /** The SDK makes a message whose value has yet to be put into bytes. */
  const toRecord = ({ headers, key, value, body }: ReturnType<typeof Kafka.binary>): Message => ({
    key: typeof key === 'string' ? key : null,
    headers: Object.fromEntries(Object.entries(headers).map(([name, header]) => [name, String(header)])),
    value: toText(value ?? body),
  });
  const toText = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

  it('given a CloudEvent of the SDK in binary mode, then it is delivered', async () => {
    await produce(toRecord(Kafka.binary(cloudEvent('kafka-binary'))));
    expect(await delivered('kafka-binary')).toEqual(expected('kafka-binary'));
    const { event } = await system.history('kafka-binary', ({ deliveries }) => deliveries.length > 0);
    expect(event).toMatchObject({ source: '/orders', account: '1', specversion: '1.0' });
  });

  it('given a CloudEvent of the SDK in structured mode, then it is delivered', async () => {
    await produce(toRecord(Kafka.structured(cloudEvent('kafka-structured'))));
    expect(await delivered('kafka-structured')).toEqual(expected('kafka-structured'));
  });

  it('given plain JSON, as kcat sends it, then it is delivered', async () => {
    const event = { id: 'kafka-plain', type: TYPE, account: '1', time: '2026-01-15T10:20:30Z', data: { order: 7 } };
    await produce({ value: JSON.stringify(event) });
    expect(await delivered('kafka-plain')).toMatchObject({ data: { order: 7 } });
  });

  it.each([
    ['gzip', CompressionTypes.GZIP],
    ['snappy', CompressionTypes.Snappy],
    ['lz4', CompressionTypes.LZ4],
    ['zstd', CompressionTypes.ZSTD],
  ])('given a record compressed with %s, then it is delivered', async (name, compression) => {
    await produce(toRecord(Kafka.binary(cloudEvent(`kafka-${name}`))), compression);
    expect(await delivered(`kafka-${name}`)).toEqual(expected(`kafka-${name}`));
  });

  const fine = JSON.stringify({ type: TYPE, account: '1', data: {} });
  it.each([
    ['that is no JSON', { value: '{"type":' }, 'invalid_json'],
    ['that is no UTF-8', { value: Buffer.from('{"type":"\xff"}', 'latin1') }, 'invalid_json'],
    ['without a value', { value: null }, 'value_missing'],
    ['of no account', { value: JSON.stringify({ type: TYPE, data: {} }) }, 'account_missing'],
    ['of an unknown account', { value: fine.replace('"1"', '"nobody"') }, 'account_unknown'],
    ['with data that is no object', { value: fine.replace('{}', '[]') }, 'invalid_event'],
    [
      'of a trigger without its fields',
      { value: JSON.stringify({ type: 'click', account: '1', data: { message: 'm' } }) },
      'invalid_event',
    ],
    ['of another media type', { value: fine, headers: { 'content-type': 'text/xml' } }, 'unsupported_media_type'],
  ] as const)(
    'given a record %s, then it is rejected with the reason, and the partition goes on',
    async (what, record, code) => {
      const key = `broken: ${what}`;
      // Both have the same key and so the same partition.
      await produce({ key, ...record });
      await produce({
        key,
        value: JSON.stringify({ id: what.replaceAll(' ', '-'), type: TYPE, account: '1', data: {} }),
      });

      const found = await rejected.find((one) => String(one.key) === key);
      await delivered(what.replaceAll(' ', '-'));

      expect(found.headers).toMatchObject({
        'rejected-code': code,
        'rejected-detail': expect.stringMatching(/\w+ \w+/),
        'rejected-origin': expect.stringMatching(/^postduif\.ingest\/\d+\/\d+$/),
        ...('headers' in record ? record.headers : {}),
      });
      expect(found.value).toEqual(record.value === null ? null : Buffer.from(record.value));
    },
  );
});

describe('POST /v1/events', () => {
  interface Refusal {
    readonly code: string;
    readonly detail: string;
    readonly title: string;
    readonly errors?: readonly { readonly path: string; readonly message: string; readonly index?: number }[];
  }

  const event = (id: string, more: object = {}): object => ({ id, type: TYPE, data: { id }, ...more });
  const post = (body: unknown, contentType?: string): Promise<Response> =>
    system.call('POST', '/v1/events', body, contentType === undefined ? {} : { 'content-type': contentType });

  it.each([
    ['binary', HTTP.binary],
    ['structured', HTTP.structured],
  ])('given a CloudEvent of the SDK in %s mode, then it is delivered', async (mode, encode) => {
    const { headers, body } = encode(cloudEvent(`http-${mode}`));
    const texts = Object.entries(headers).map(([name, value]) => [name, String(value)]);
    const response = await system.call('POST', '/v1/events', body, Object.fromEntries(texts) as Record<string, string>);
    expect([response.status, await response.json()]).toEqual([202, { id: `http-${mode}` }]);
    expect(await delivered(`http-${mode}`)).toEqual(expected(`http-${mode}`));
  });

  it.each([
    ['a JSON array', (events: object[]) => JSON.stringify(events), 'application/json'],
    ['NDJSON', (events: object[]) => events.map((one) => JSON.stringify(one)).join('\n'), 'application/x-ndjson'],
    [
      'a CloudEvents batch',
      (events: object[]) => JSON.stringify(events.map((one) => ({ specversion: '1.0', source: '/s', ...one }))),
      'application/cloudevents-batch+json',
    ],
  ])(
    'given %s with one wrong event, then the others are accepted and delivered, and the wrong one is named',
    async (_, encode, type) => {
      const ids = ['first', 'last'].map((place) => `${place}-of-${type}`);
      const response = await post(encode([event(ids[0]!), { ...event('x'), data: 1 }, event(ids[1]!)]), type);

      expect(response.status).toBe(202);
      expect(await response.json()).toEqual({
        ids: [ids[0], null, ids[1]],
        errors: [
          {
            index: 1,
            code: 'invalid_event',
            detail: expect.any(String),
            errors: [{ path: 'data', message: expect.any(String) }],
          },
        ],
      });
      for (const id of ids) expect(await delivered(id)).toMatchObject({ data: { id } });
    },
  );

  const brackets = { type: 'update', database: 1, profile: 2, data: { fields: { 'a[b]': 'x' } } };
  const JSON_TYPE = 'application/json';
  it.each([
    ['no JSON', '{"type":', JSON_TYPE, 400, 'invalid_json', undefined],
    ['no type', { data: {} }, JSON_TYPE, 400, 'invalid_event', 'type'],
    [
      'a type that is neither a trigger nor dotted',
      { type: 'paid', data: {} },
      JSON_TYPE,
      400,
      'invalid_event',
      'type',
    ],
    ['a trigger without its ids', { type: 'create', data: {} }, JSON_TYPE, 400, 'invalid_event', 'database'],
    ['a field name with brackets', brackets, JSON_TYPE, 400, 'invalid_event', 'data.fields.a[b]'],
    [
      'an unknown field',
      { type: 'delete', database: 1, profile: 2, data: { x: 1 } },
      JSON_TYPE,
      400,
      'invalid_event',
      'data.x',
    ],
    ["another account's event", { type: TYPE, account: '2', data: {} }, JSON_TYPE, 400, 'account_mismatch', undefined],
    ['an empty batch', '[]', JSON_TYPE, 400, 'empty_batch', undefined],
    [
      'an event above 4 MiB',
      { type: TYPE, data: { text: 'x'.repeat(4 * 1024 * 1024) } },
      JSON_TYPE,
      413,
      'payload_too_large',
      undefined,
    ],
    ['a request above 8 MiB', ' '.repeat(9 * 1024 * 1024), JSON_TYPE, 413, 'payload_too_large', undefined],
    [
      'a media type that is none of ours',
      'type=create',
      'application/x-www-form-urlencoded',
      415,
      'unsupported_media_type',
      undefined,
    ],
    ['another charset', '{}', 'application/json; charset=utf-16', 415, 'unsupported_media_type', undefined],
  ])('given %s, then it is refused with a stable code and what to do', async (_, body, type, status, code, path) => {
    const response = await post(body, type);
    const refusal = (await response.json()) as Refusal;

    expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect([response.status, refusal.code]).toEqual([status, code]);
    expect(`${refusal.title} ${refusal.detail}`).toMatch(/[.]/);
    if (path !== undefined) expect(refusal.errors?.map((error) => error.path)).toContain(path);
  });

  it('says how much may be sent of events and asked of history, each for itself', async () => {
    const policyOf = async (method: string, path: string, body?: unknown) =>
      (await system.call(method, path, body)).headers.get('ratelimit-policy');
    expect(await policyOf('POST', '/v1/events', event('limited'))).toBe('"second";q=10000;w=1, "burst";q=50000;w=60');
    for (const path of ['/v1/events', '/v1/attempts'])
      expect(await policyOf('GET', path)).toBe('"second";q=1000;w=1, "burst";q=5000;w=60');
  });

  it.each([
    ['no token', ''],
    ['a wrong token', 'Bearer wrong-token'],
    ['another scheme', 'Basic dXNlcjpwYXNz'],
  ])('given %s, then it is refused with 401', async (_, authorization) => {
    const response = await system.call('POST', '/v1/events', event('unauthorised'), { authorization });
    expect([response.status, ((await response.json()) as Refusal).code]).toEqual([401, 'unauthenticated']);
  });
});
