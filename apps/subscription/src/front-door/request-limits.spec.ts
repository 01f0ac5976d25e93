import { describe, expect, it } from '@jest/globals';
import { sendProblem, toApiError } from '@postduif/service';
import { fastify } from 'fastify';
import { RequestLimits } from './request-limits.js';

/** More than any limit here, even when a few seconds pass meanwhile. */
const MANY = 100;

function given(perSecond: number, burst: number) {
  const limits = new RequestLimits({ perSecond, burst });
  const server = fastify();
  server.setErrorHandler((error, _request, reply) => {
    sendProblem(reply, toApiError(error));
  });
  limits.guard(server);
  for (const url of ['/', '/ready', '/v1/events'])
    server.get(url, async (request) => {
      const { authorization } = request.headers;
      if (authorization !== undefined) await limits.spend(`token ${authorization}`, request);
      return {};
    });
  const ask = (url = '/', headers: Record<string, string> = {}) => server.inject({ url, headers });
  const untilRefused = async (headers: Record<string, string> = {}) => {
    for (let count = 0; count < MANY; count++) {
      const answer = await ask('/', headers);
      if (answer.statusCode !== 200) return answer;
    }
    throw new Error('nothing was refused');
  };
  return { ask, untilRefused };
}

describe('the limits of requests', () => {
  it('say with each answer what may be sent and what is left', async () => {
    const { headers } = await given(10, 50).ask();
    expect(headers['ratelimit-policy']).toBe('"second";q=10;w=1, "burst";q=50;w=60');
    expect(headers.ratelimit).toBe('"second";r=9;t=1, "burst";r=50;t=60');
  });

  it('given too many, refuse with a code and say when to come back', async () => {
    const answer = await given(1, 2).untilRefused();
    expect([answer.statusCode, answer.headers['retry-after']]).toEqual([429, '1']);
    expect(answer.json()).toMatchObject({ code: 'rate_limited', status: 429 });
    expect(answer.headers.ratelimit).toMatch(/^"second";r=0;t=1, "burst";r=0;t=\d+$/);
  });

  it('given too many of one token, let others and those without one go on', async () => {
    const { ask, untilRefused } = given(1, 1);
    await untilRefused({ authorization: 'a' });
    for (const headers of [{ authorization: 'b' }, {}]) expect((await ask('/', headers)).statusCode).toBe(200);
  });

  it('let health and what other services answer through', async () => {
    const { ask, untilRefused } = given(1, 1);
    await untilRefused();
    for (const url of ['/ready', '/v1/events']) {
      const { statusCode, headers } = await ask(url);
      expect([statusCode, headers.ratelimit]).toEqual([200, undefined]);
    }
  });
});
