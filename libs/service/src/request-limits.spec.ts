import { describe, expect, it } from '@jest/globals';
import { fastify } from 'fastify';
import { sendProblem, toApiError } from './problem.filter.js';
import { RequestLimits } from './request-limits.js';

/** More than any limit here, even when a few seconds pass meanwhile. */
const MANY = 100;

function given(perSecond: number, burst: number) {
  const limits = new RequestLimits({ perSecond, burst });
  const server = fastify();
  server.setErrorHandler((error, _request, reply) => {
    sendProblem(reply, toApiError(error));
  });
  limits.announce(server);
  server.get('/', async (request) => {
    await limits.spend(`token ${request.headers.authorization ?? ''}`, request);
    return {};
  });
  server.get('/twice', async (request) => {
    for (const caller of ['address', 'token']) await limits.spend(caller, request);
    return {};
  });
  server.get('/free', () => ({}));
  const ask = (token: string, url = '/') => server.inject({ url, headers: { authorization: token } });
  const untilRefused = async (token: string) => {
    for (let count = 0; count < MANY; count++) {
      const answer = await ask(token);
      if (answer.statusCode !== 200) return answer;
    }
    throw new Error('nothing was refused');
  };
  return { ask, untilRefused };
}

describe('the limits of requests', () => {
  it('say with each answer what may be sent and what is left', async () => {
    const { headers } = await given(10, 50).ask('a');
    expect(headers['ratelimit-policy']).toBe('"second";q=10;w=1, "burst";q=50;w=60');
    expect(headers.ratelimit).toBe('"second";r=9;t=1, "burst";r=50;t=60');
  });

  it('given too many, refuse with a code and say when to come back', async () => {
    const answer = await given(1, 2).untilRefused('a');
    expect([answer.statusCode, answer.headers['retry-after']]).toEqual([429, '1']);
    expect(answer.json()).toMatchObject({ code: 'rate_limited', status: 429 });
    expect(answer.headers.ratelimit).toMatch(/^"second";r=0;t=1, "burst";r=0;t=\d+$/);
  });

  it('given too many of one caller, let others go on', async () => {
    const { ask, untilRefused } = given(1, 1);
    await untilRefused('a');
    expect((await ask('b')).statusCode).toBe(200);
  });

  it('count a request once, and say nothing of one that is not counted', async () => {
    const { ask } = given(10, 50);
    expect((await ask('a', '/twice')).headers.ratelimit).toBe('"second";r=9;t=1, "burst";r=50;t=60');
    expect((await ask('a', '/free')).headers.ratelimit).toBeUndefined();
  });
});
