import { createServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { EventCounts } from '@postduif/contracts';
import { pino } from 'pino';
import { Upstream } from '../front-door/upstream.js';
import { HistoryCounts } from './history-counts.js';
import { BUSY_PER_DAY, VolumeAdvice } from './volume-advice.js';

const DAY_MS = 24 * 60 * 60 * 1_000;
const TO = Date.UTC(2026, 0, 15);

function countsOf(...events: number[]): EventCounts {
  const at = (day: number): string => new Date(TO - (events.length - day) * DAY_MS).toISOString();
  const days = events.map((count, day) => ({ from: at(day), to: at(day + 1), events: count }));
  const total = events.reduce((sum, count) => sum + count, 0);
  return { from: at(0), to: at(events.length), total, complete: true, days };
}

describe('the advice about volume', () => {
  let answer: RequestListener;
  let asked: { url: string | undefined; authorization: string | undefined }[];
  let history: Server;
  let advice: VolumeAdvice;

  beforeEach(async () => {
    asked = [];
    history = createServer((request, response) => {
      asked.push({ url: request.url, authorization: request.headers.authorization });
      answer(request, response);
    });
    history.listen(0, '127.0.0.1');
    await once(history, 'listening');
    const url = `http://127.0.0.1:${(history.address() as AddressInfo).port}`;
    advice = new VolumeAdvice(new HistoryCounts(new Upstream('history', url, pino({ level: 'silent' }))));
  });
  afterEach(() => {
    history.close();
    history.closeAllConnections();
  });

  const answers = (status: number, body: unknown, headers: Record<string, string> = {}): void => {
    answer = (_request, response) => response.writeHead(status, headers).end(JSON.stringify(body));
  };

  it('asks history with the rights of the caller, and says what it has counted', async () => {
    answers(200, countsOf(1, 2, 3, 4, 5, 6, 14));
    const view = await advice.of('Bearer x', { trigger: 'open', database: 7, collection: 8 });
    expect(asked).toEqual([{ url: '/v1/event-counts?type=open&database=7&collection=8', authorization: 'Bearer x' }]);
    expect(view).toEqual({
      ...{ trigger: 'open', database: 7, collection: 8, threshold: BUSY_PER_DAY, busy: false, advice: [] },
      volume: { ...countsOf(1, 2, 3, 4, 5, 6, 14), known: true, perDay: 5, busiestDay: 14 },
    });
  });

  it('given one busy day, names the other ways, and to limit what is not limited', async () => {
    answers(200, countsOf(0, 0, BUSY_PER_DAY, 0, 0, 0, 0));
    const codes = async (limits: object) =>
      (await advice.of('', { trigger: 'open', ...limits })).advice.map(({ code }) => code);
    expect(await codes({})).toEqual(['logfiles', 'statistics', 'api', 'limit', 'prepare']);
    expect(await codes({ database: 7 })).toEqual(['logfiles', 'statistics', 'api', 'prepare']);
    answers(200, countsOf(0, 0, BUSY_PER_DAY - 1, 0, 0, 0, 0));
    expect(await codes({})).toEqual([]);
  });

  it.each([
    ['does not know the token yet', 401, { code: 'unauthenticated' }, 'unauthenticated'],
    ['has lost its database', 503, { code: 'store_unavailable' }, 'store_unavailable'],
    ['answers something else', 200, { hello: 'world' }, 'upstream_unavailable'],
  ])('given that history %s, says that the volume is not known', async (_what, status, body, error) => {
    answers(status, body);
    expect(await advice.of('', { trigger: 'open' })).toMatchObject({
      ...{ busy: null, advice: [], volume: { known: false, error, message: expect.stringMatching(/^History/) } },
    });
  });

  it('given that history hangs up, says that the volume is not known', async () => {
    answer = (request) => request.socket.destroy();
    expect(await advice.of('', { trigger: 'open' })).toMatchObject({
      ...{ busy: null, volume: { known: false, error: 'upstream_unavailable' } },
    });
  });

  it('given that the caller may not read events, says so', async () => {
    answers(403, { code: 'forbidden' });
    await expect(advice.of('', { trigger: 'open' })).rejects.toMatchObject({ code: 'forbidden' });
  });

  it('given that the caller asks history too often, says so, and when to come back', async () => {
    answers(429, { code: 'rate_limited' }, { 'retry-after': '3' });
    await expect(advice.of('', { trigger: 'open' })).rejects.toMatchObject({
      code: 'rate_limited',
      options: { retryAfterSeconds: 3 },
    });
  });
});
