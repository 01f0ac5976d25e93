import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { Upstream } from '../front-door/upstream.js';
import { HistoryApi } from './history-api.js';

describe('what history answers to us', () => {
  let answer: (response: ServerResponse) => void;
  let server: Server;
  let history: HistoryApi;

  beforeEach(async () => {
    server = createServer((_request, response) => {
      answer(response);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    history = new HistoryApi(new Upstream('history', url, pino({ level: 'silent' })));
  });
  afterEach(() => {
    server.close();
    server.closeAllConnections();
  });

  const ask = () => history.get('/v1/logfiles', new URLSearchParams(), 'pd_x');

  it('is handed on as it comes', async () => {
    answer = (response) => response.writeHead(200, { 'content-type': 'text/csv' }).end('a,b');
    const { contentType, body } = await ask();
    expect([contentType, await text(body)]).toEqual(['text/csv', 'a,b']);
  });

  it.each([
    [404, 'not_found', { detail: 'There is none.' }],
    [400, 'invalid_request', { detail: 'Invalid data provided: date: is no date' }],
    [429, 'rate_limited', { options: { retryAfterSeconds: 7 } }],
    [503, 'upstream_unavailable', {}],
    [401, 'upstream_unavailable', {}],
  ])('given that it refuses with %i, is %s', async (status, code, more) => {
    const problem = { detail: 'There is none.', errors: [{ path: 'date', message: 'is no date' }] };
    answer = (response) => response.writeHead(status, { 'retry-after': '7' }).end(JSON.stringify(problem));
    await expect(ask()).rejects.toMatchObject({ code, ...more });
  });

  it('given that it hangs up, is not available', async () => {
    answer = (response) => response.destroy();
    await expect(ask()).rejects.toMatchObject({ code: 'upstream_unavailable' });
  });
});
