import { describe, expect, it } from '@jest/globals';
import { fastify } from 'fastify';
import { refusePlainHttp } from './plain-http.js';

describe('refusing plain HTTP', () => {
  it.each([
    ['http', 400],
    ['HTTP', 400],
    ['http, https', 400],
    ['https', 200],
    ['https, http', 200],
    [undefined, 200],
  ])('given a proxy that took the request in over %s, then the answer is %d', async (protocol, status) => {
    const server = fastify();
    refusePlainHttp(server);
    server.get('/', () => 'reached');
    const headers = protocol === undefined ? {} : { 'x-forwarded-proto': protocol };
    const answer = await server.inject({ url: '/', headers });
    await server.close();
    expect(answer.statusCode).toBe(status);
    expect(answer.body.includes('reached')).toBe(status === 200);
    expect(answer.headers.location).toBeUndefined();
  });
});
