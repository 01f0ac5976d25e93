import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { COPERNICA_TRIGGERS } from '@postduif/contracts';
import fc from 'fast-check';
import { RecordingReceiver } from './testing/recording-receiver.js';
import { RunningSystem } from './testing/running-system.js';
import { until } from './testing/until.js';

jest.setTimeout(180_000);

/** Fixed, so that a failure can be looked into; another one finds other things. */
const SEED = Number(process.env.FUZZ_SEED ?? 20_260_115);
const AT_ONCE = 16;

let system: RunningSystem;
let receiver: RecordingReceiver;

beforeAll(async () => {
  [system, receiver] = await Promise.all([RunningSystem.start(), RecordingReceiver.listen()]);
});

afterAll(async () => {
  await system.stop();
  await receiver.goAway();
});

function samples<T>(arbitrary: fc.Arbitrary<T>, count: number): T[] {
  return fc.sample(arbitrary, { numRuns: count, seed: SEED });
}

/** Some at once. */
async function each<T>(items: readonly T[], work: (item: T, index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const workers = Array.from({ length: AT_ONCE }, async () => {
    while (next < items.length) {
      const index = next++;
      await work(items[index]!, index);
    }
  });
  await Promise.all(workers);
}

const anyText = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.constantFrom('', '\0', '__proto__', 'constructor', '%00', '../..', '😀', 'é'.repeat(300), '[a][b]'),
);
const anyData = fc.dictionary(anyText, fc.oneof(fc.jsonValue({ maxDepth: 6 }), anyText), { maxKeys: 8 });

describe('anything as an event', () => {
  it('given any data of a type of its own, then it is refused with a code, or arrives exactly', async () => {
    const type = 'fuzz.data';
    const endpoint = receiver.at(`/${type}`);
    await system.createWebhook({ handler: endpoint.url, trigger: type, format: 'json' });
    await system.settled();
    const accepted = new Map<string, unknown>();

    await each(samples(anyData, 400), async (data, index) => {
      const id = `fuzz-${index}`;
      const body = JSON.stringify({ id, type, data });
      const response = await system.call('POST', '/v1/events', body, { 'content-type': 'application/json' });
      const answer = (await response.json()) as { code?: string };
      if (response.status === 202) accepted.set(id, (JSON.parse(body) as { data: unknown }).data);
      else {
        expect([response.status, answer.code]).toEqual([400, expect.stringMatching(/^invalid_(json|event)$/)]);
      }
    });
    await until(() => endpoint.arrived.size === accepted.size, 'what was accepted has arrived');

    expect(accepted.size).toBeGreaterThan(100);
    for (const [index, id] of endpoint.events.entries()) {
      const { data } = JSON.parse(endpoint.requests[index]!.body.toString()) as { data: unknown };
      expect(JSON.stringify(data)).toBe(JSON.stringify(accepted.get(id)));
    }
  });

  it('given any bytes under any media type, then the answer has a code, and never blames us', async () => {
    const json = fc.jsonValue().map((value) => Buffer.from(JSON.stringify(value)));
    const candidate = fc
      .record(
        {
          id: fc.jsonValue(),
          type: fc.constantFrom(...COPERNICA_TRIGGERS, 'a.b', 'x'),
          time: fc.jsonValue(),
          data: anyData,
          database: fc.jsonValue(),
        },
        { requiredKeys: [] },
      )
      .map((value) => Buffer.from(JSON.stringify(value)));
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array)),
      json,
      candidate,
    );
    const types = [
      'application/json',
      'application/x-ndjson',
      'application/cloudevents+json',
      'text/plain',
      'a/b;c="d',
    ];
    await each(samples(fc.tuple(bytes, fc.constantFrom(...types)), 400), async ([body, type]) => {
      const response = await system.call('POST', '/v1/events', body, { 'content-type': type });
      expect([202, 400, 413, 415]).toContain(response.status);
      const answer = (await response.json()) as { code?: string };
      if (response.status !== 202) expect(answer.code).toMatch(/^[a-z_]+$/);
    });
  });
});

describe('anything as a webhook', () => {
  it('given any properties, as JSON or as a form, then it is refused with a sentence, or shown as it was given', async () => {
    /** Mostly what is right: otherwise hardly any of them would be right as a whole. */
    const mostly = <T, U>(right: fc.Arbitrary<T>, anything: fc.Arbitrary<U>) =>
      fc.oneof({ weight: 12, arbitrary: right }, { weight: 1, arbitrary: anything });
    const handler = mostly(
      fc.webUrl({ withQueryParameters: true }),
      fc.oneof(
        fc.webUrl({ withFragments: true }),
        fc.webUrl().map((url) => url.replace('http', 'ftp')),
        fc.tuple(anyText, anyText).map(([host, path]) => `https://${host}/${path}`),
        fc.constantFrom(
          'http://[::1]/',
          'https://user:password@a.example/',
          'http://2130706433/',
          'https://a.example:0/',
        ),
        anyText,
      ),
    );
    const properties = fc.record(
      {
        handler,
        trigger: mostly(fc.constantFrom(...COPERNICA_TRIGGERS, 'invoice.paid'), anyText),
        database: mostly(fc.integer({ min: 1 }), fc.oneof(fc.integer(), anyText, fc.constant(null))),
        fields: mostly(fc.constant(['name']), fc.oneof(fc.array(anyText, { maxLength: 3 }), anyText)),
        callers: mostly(fc.constant(['ms']), fc.oneof(fc.array(fc.constantFrom('ms', 'nobody')), anyText)),
        schedule: mostly(fc.constant([5]), fc.oneof(fc.array(fc.oneof(fc.integer(), fc.double())), fc.jsonValue())),
        concurrency: mostly(fc.integer({ min: 1, max: 200 }), fc.oneof(fc.integer(), fc.jsonValue())),
        rate: mostly(fc.integer({ min: 1, max: 100 }), fc.oneof(fc.double(), fc.jsonValue())),
      },
      { requiredKeys: ['handler', 'trigger'] },
    );
    let made = 0;
    await each(samples(properties, 400), async (given, index) => {
      const form = index % 4 === 0;
      const body = form
        ? new URLSearchParams(
            Object.entries(given).map(([name, value]): [string, string] => [
              name,
              typeof value === 'string' ? value : JSON.stringify(value),
            ]),
          )
        : given;
      const response = await system.call('POST', '/v4/webhooks', body);
      const answer = await response.text();
      if (response.status !== 201) {
        expect(response.status).toBe(400);
        expect(JSON.parse(answer)).toEqual({
          error: { message: expect.stringMatching(/./), code: expect.any(String) },
        });
        return;
      }
      made += 1;
      const id = response.headers.get('x-created') ?? '';
      const view = await system.get<{ handler: string; trigger: string }>(`/v4/webhook/${id}`);
      expect(view).toMatchObject({ handler: given.handler, trigger: given.trigger });
      expect((await system.call('DELETE', `/v4/webhook/${id}`)).status).toBe(204);
    });
    expect(made).toBeGreaterThan(10);
  });
});

describe('anything as a request', () => {
  it('given any head, then the answer is one of HTTP and not our fault, and the services go on', async () => {
    const { api, ingest, token } = system.stack.credentials;
    const name = fc.oneof(
      fc.constantFrom('authorization', 'content-length', 'transfer-encoding', 'ce-type', 'x-request-id'),
      anyText,
    );
    const line = fc.tuple(name, anyText).map(([key, value]) => `${key}: ${value}`);
    const target = fc.oneof(
      fc.constantFrom('/v1/events', '/v4/webhooks', '/v4/webhook/1', '//', '/%'),
      anyText.map((path) => `/${path}`),
    );
    const method = fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'BREW');
    const requests = samples(fc.tuple(method, target, fc.array(line, { maxLength: 4 }), fc.boolean()), 300);
    await each(requests, async ([verb, path, lines, toIngest]) => {
      const { hostname, port } = new URL(toIngest ? ingest : api);
      const socket = connect(Number(port), hostname);
      await once(socket, 'connect');
      socket.on('error', () => undefined);
      const head = [
        `${verb} ${path} HTTP/1.1`,
        'host: a.example',
        'connection: close',
        `authorization: Bearer ${token}`,
        ...lines,
      ];
      socket.end(`${head.join('\r\n')}\r\n\r\n{}`, 'utf8');
      const answer = await text(socket).catch(() => '');
      // Node.js may just close what is no HTTP.
      if (answer !== '') expect(answer).toMatch(/^HTTP\/1\.1 [234]\d\d /);
    });
    expect((await system.call('GET', '/v4/webhooks')).status).toBe(200);
    await system.post({ type: 'fuzz.after', data: {} });
  });
});
