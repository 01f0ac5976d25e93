import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { Agent, createServer, request as httpRequest } from 'node:http';
import type { ClientRequest, IncomingHttpHeaders, IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { fastify } from 'fastify';
import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { openFrontDoor } from './front-door.js';
import { OtherMethods } from './other-methods.js';
import { Upstream } from './upstream.js';

interface Arrived {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** A service behind the door. */
class Service {
  readonly arrived: Arrived[] = [];
  answer: (response: ServerResponse) => void = (response) => response.end();
  /** Instead of reading the request and answering it. */
  atHead: ((request: IncomingMessage, response: ServerResponse) => void) | undefined;
  readonly #server: Server;

  constructor() {
    this.#server = createServer((request, response) => {
      if (this.atHead !== undefined) {
        this.atHead(request, response);
        return;
      }
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { method, url, headers } = request;
        this.arrived.push({ method, url, headers, body: Buffer.concat(chunks) });
        this.answer(response);
      });
    });
  }

  async open(port = 0): Promise<string> {
    this.#server.listen(port, '127.0.0.1');
    await once(this.#server, 'listening');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

describe('the front door', () => {
  let ingest: Service;
  let history: Service;
  let door: FastifyInstance;
  let base = '';
  let historyPort = 0;
  const lines: Record<string, unknown>[] = [];
  const log = pino({}, { write: (line) => lines.push(JSON.parse(line) as Record<string, unknown>) });

  beforeEach(async () => {
    [ingest, history] = [new Service(), new Service()];
    lines.length = 0;
    door = fastify();
    const others = new OtherMethods(door);
    const urls = { ingest: await ingest.open(), history: await history.open() };
    historyPort = Number(new URL(urls.history).port);
    await openFrontDoor(door, {
      ingest: new Upstream('event-ingest', urls.ingest, log),
      history: new Upstream('history', urls.history, log),
    });
    others.refuse();
    base = await door.listen({ host: '127.0.0.1', port: 0 });
  });

  afterEach(async () => {
    await door.close();
    for (const upstream of [ingest, history]) upstream.close();
  });

  it('hands events on to event-ingest as they came, and its answer back', async () => {
    ingest.answer = (response) =>
      response.writeHead(202, { 'content-type': 'application/json; charset=utf-8', 'x-own': 'yes' }).end('{"id":"a"}');
    const body = randomBytes(5 * 1024 * 1024);
    const headers = { authorization: 'Bearer pd_x', 'content-type': 'application/x-ndjson', 'ce-type': 'a.b' };
    const answer = await fetch(`${base}/v1/events?x=%2F`, { method: 'POST', body, headers });
    expect([answer.status, answer.headers.get('x-own'), await answer.text()]).toEqual([202, 'yes', '{"id":"a"}']);
    expect(ingest.arrived).toHaveLength(1);
    const [request] = ingest.arrived;
    expect(request).toMatchObject({ method: 'POST', url: '/v1/events?x=%2F', headers });
    expect(request?.body.equals(body)).toBe(true);
  });

  it.each(['application/json', 'application/cloudevents+json', 'text/plain', ''])(
    'given the media type %j, leaves it to event-ingest',
    async (type) => {
      const answer = await fetch(`${base}/v1/events`, {
        method: 'POST',
        body: Buffer.from('{"broken'),
        headers: type === '' ? {} : { 'content-type': type },
      });
      expect(answer.status).toBe(200);
      expect(String(ingest.arrived[0]?.body)).toBe('{"broken');
      expect(ingest.arrived[0]?.headers['content-type'] ?? '').toBe(type);
    },
  );

  it.each([
    ['Expect', '100-continue'],
    ['Keep-Alive', 'timeout=5'],
    ['Upgrade', 'h2c'],
    ['TE', 'trailers'],
    ['Connection', 'close, x'],
  ])('given the header %s: %s, which is for itself, keeps it', async (name, value) => {
    const request = httpRequest(`${base}/v1/events`, { method: 'POST', headers: { [name]: value, 'ce-type': 'a.b' } });
    request.end('{}');
    const [answer] = (await once(request, 'response')) as [IncomingMessage];
    answer.resume();
    expect(answer.statusCode).toBe(200);
    expect(ingest.arrived[0]?.headers).toHaveProperty('ce-type', 'a.b');
    expect(ingest.arrived[0]?.headers[name.toLowerCase()]).not.toBe(value);
    expect(String(ingest.arrived[0]?.body)).toBe('{}');
  });

  it.each([
    '/v1/events',
    '/v1/events?type=click&cursor=a%2Bb',
    '/v1/events/a%2Fb%3F%25%23',
    `/v1/events/${'x'.repeat(200)}?source=%2Fshop`,
    '/v1/attempts?limit=1',
    '/v1/events?id=../..%2Fx',
  ])('asks history for %s as it was written', async (path) => {
    history.answer = (response) => response.writeHead(404, { 'content-type': 'application/problem+json' }).end('{}');
    const answer = await fetch(base + path, { headers: { authorization: 'Bearer pd_x' } });
    expect([answer.status, answer.headers.get('content-type')]).toEqual([404, 'application/problem+json']);
    expect(history.arrived).toMatchObject([{ method: 'GET', url: path, headers: { authorization: 'Bearer pd_x' } }]);
  });

  it('given that a service asks to come back later, hands that on and does not ask again', async () => {
    history.answer = (response) => response.writeHead(503, { 'retry-after': '5' }).end('{"code":"store_unavailable"}');
    const answer = await fetch(`${base}/v1/events`);
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5']);
    expect(await answer.text()).toBe('{"code":"store_unavailable"}');
    expect(history.arrived).toHaveLength(1);
  });

  it.each([
    ['POST', '/v1/events'],
    ['GET', '/v1/attempts'],
  ])('given too many requests of %s %s, hands on what the service says', async (method, path) => {
    const headers = { 'retry-after': '1', ratelimit: '"second";r=0;t=1', 'ratelimit-policy': '"second";q=1;w=1' };
    for (const upstream of [ingest, history])
      upstream.answer = (response) => response.writeHead(429, headers).end('{"code":"rate_limited"}');
    const answer = await fetch(base + path, { method });
    expect([answer.status, await answer.text()]).toEqual([429, '{"code":"rate_limited"}']);
    expect(Object.fromEntries(answer.headers)).toMatchObject(headers);
  });

  const away = async (method: string, path: string): Promise<void> => {
    const answer = await fetch(base + path, { method, ...(method === 'POST' ? { body: '{}' } : {}) });
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5']);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(await answer.json()).toMatchObject({ status: 503, code: 'upstream_unavailable' });
  };

  it('given a service that is away, answers 503 and when to come back', async () => {
    for (const upstream of [ingest, history]) upstream.close();
    await away('POST', '/v1/events');
    await away('GET', '/v1/events/1');
    await away('GET', '/v1/attempts');
  });

  it('says once that a service does not answer, and once that it does again', async () => {
    history.close();
    for (const path of ['/v1/events', '/v1/attempts', '/v1/events/1']) await away('GET', path);
    expect(lines).toMatchObject([
      { level: 40, upstream: 'history', err: { message: expect.stringMatching(/ECONNREFUSED/) } },
    ]);
    history = new Service();
    await history.open(historyPort);
    for (const path of ['/v1/events', '/v1/attempts']) expect((await fetch(base + path)).status).toBe(200);
    expect(lines.slice(1)).toMatchObject([{ level: 30, upstream: 'history' }]);
  });

  it('given a service that dies over a request, answers 503 and does not send it again', async () => {
    for (const upstream of [ingest, history]) upstream.answer = (response) => response.destroy();
    await away('POST', '/v1/events');
    await away('GET', '/v1/events');
    expect([ingest.arrived.length, history.arrived.length]).toEqual([1, 1]);
  });

  it.each([
    ['PUT', '/v1/events', 'GET, HEAD, POST'],
    ['DELETE', '/v1/events?type=click', 'GET, HEAD, POST'],
    ['POST', '/v1/events/a%2Fb', 'GET, HEAD'],
    ['PATCH', '/v1/attempts', 'GET, HEAD'],
    ['POST', '/v1/attempts/1', 'GET, HEAD'],
  ])('given %s %s, answers 405 and names the methods that it takes', async (method, path, allowed) => {
    const answer = await fetch(base + path, { method });
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, allowed]);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(await answer.json()).toMatchObject({ status: 405, code: 'method_not_allowed' });
    expect([...ingest.arrived, ...history.arrived]).toEqual([]);
  });

  it.each([['a type that is none', 'POST', '/v1/events', { 'content-type': ';;;' }, 415, 'unsupported_media_type']])(
    'given %s, answers a problem',
    async (_case, method, path, headers: Record<string, string>, status, code) => {
      const answer = await door.inject({
        method: method as 'GET',
        url: path,
        headers,
        ...(method === 'POST' && { body: 'x' }),
      });
      expect([answer.statusCode, answer.headers['content-type']]).toEqual([status, 'application/problem+json']);
      expect(answer.json()).toMatchObject({ code });
    },
  );

  it('given an id that no path can hold, says how to ask for it', async () => {
    const answer = await door.inject('/v1/events/..%2F..%2Fx');
    expect([answer.statusCode, answer.headers['content-type']]).toEqual([400, 'application/problem+json']);
    expect(answer.json()).toMatchObject({
      code: 'invalid_request',
      detail: expect.stringMatching('GET /v1/events\\?id='),
    });
    expect(history.arrived).toEqual([]);
  });

  it.each(['/v1/events', '/v1/events/1', '/v1/attempts'])('given HEAD %s, asks history', async (path) => {
    expect((await fetch(base + path, { method: 'HEAD' })).status).toBe(200);
    expect(history.arrived).toMatchObject([{ method: 'HEAD', url: path }]);
  });

  describe('while a body is still coming', () => {
    const BYTES = 5 * 1024 * 1024;
    const FIRST = 'first';
    let agent: Agent;

    beforeEach(() => {
      agent = new Agent({ keepAlive: true, maxSockets: 1 });
    });
    afterEach(() => {
      agent.destroy();
    });

    /** A request of whose body only the beginning is on its way. */
    function begin(bytes = BYTES): ClientRequest {
      const headers = { 'content-length': bytes, 'content-type': 'application/json' };
      const begun = httpRequest(`${base}/v1/events`, { method: 'POST', headers, agent });
      begun.write(FIRST);
      return begun;
    }

    async function statusOf(begun: ClientRequest): Promise<number | undefined> {
      const [answer] = (await once(begun, 'response')) as [IncomingMessage];
      answer.resume();
      return answer.statusCode;
    }

    it('hands on what has come', async () => {
      const { promise, resolve } = Promise.withResolvers<string>();
      ingest.atHead = (request) =>
        request.once('data', (chunk: Buffer) => {
          resolve(String(chunk));
        });
      const begun = begin();
      begun.on('error', () => undefined);
      expect(await promise).toBe(FIRST);
      begun.destroy();
    });

    it('given an answer already, hands that on, and takes the next request on the same connection', async () => {
      ingest.atHead = (_request, response) => response.writeHead(401).end('{}');
      const refused = begin();
      expect(await statusOf(refused)).toBe(401);
      refused.end(Buffer.alloc(BYTES - FIRST.length));
      await once(refused, 'close');
      ingest.atHead = undefined;
      const next = begin(FIRST.length);
      next.end();
      expect(await statusOf(next)).toBe(200);
      expect(next.reusedSocket).toBe(true);
    });

    it('given a service that dies, answers 503, and takes the next request on the same connection', async () => {
      ingest.atHead = (request) => request.socket.destroy();
      const refused = begin();
      expect(await statusOf(refused)).toBe(503);
      refused.end(Buffer.alloc(BYTES - FIRST.length));
      await once(refused, 'close');
      ingest.atHead = undefined;
      const next = begin(FIRST.length);
      next.end();
      expect(await statusOf(next)).toBe(200);
      expect(next.reusedSocket).toBe(true);
    });

    it('given a sender that goes away, goes away from the service, too', async () => {
      const { promise, resolve } = Promise.withResolvers<boolean>();
      const begun = begin();
      begun.on('error', () => undefined);
      ingest.atHead = (request) => {
        request.on('error', () => {
          resolve(request.complete);
        });
        request.once('data', () => begun.destroy());
      };
      expect(await promise).toBe(false);
      ingest.atHead = undefined;
      expect((await fetch(`${base}/v1/events`, { method: 'POST' })).status).toBe(200);
      expect(lines).toEqual([]);
    });
  });

  it('given a service that dies within its answer, breaks the connection off', async () => {
    history.answer = (response) => {
      response.writeHead(200, { 'content-length': '100' }).write('half');
      setImmediate(() => response.destroy());
    };
    await expect(fetch(`${base}/v1/events`).then((answer) => answer.text())).rejects.toThrow();
  });
});
