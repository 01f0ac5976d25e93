import { describe, expect, it } from '@jest/globals';
import { fastify } from 'fastify';
import { limitAddresses } from './address-limits.js';

async function callersOf(
  url: string,
  headers: Record<string, string> = {},
  method: 'GET' | 'POST' = 'GET',
): Promise<string[]> {
  const callers: string[] = [];
  const server = fastify();
  limitAddresses(server, {
    spend: (caller) => {
      callers.push(caller);
      return Promise.resolve();
    },
  });
  server.all('/*', () => ({}));
  await server.inject({ method, url, headers });
  return callers;
}

describe('the limits of addresses', () => {
  it('count a request without a token, whatever it asks for', async () => {
    for (const url of ['/', '/docs', '/nowhere', '/v1/eventsx'])
      expect(await callersOf(url)).toEqual(['address 127.0.0.1']);
  });

  it('count one with a token that nobody looks at', async () => {
    for (const url of ['/authenticate', '/v1/handshake?x=1'])
      expect(await callersOf(url, { authorization: 'Bearer x' })).toEqual(['address 127.0.0.1']);
  });

  it('leave one with a token to whoever looks it up', async () => {
    expect(await callersOf('/v1/account', { authorization: 'Bearer x' })).toEqual([]);
    expect(await callersOf('/v3/webhooks?access_token=x')).toEqual([]);
  });

  it('leave one with a token in its body to whoever reads that', async () => {
    expect(await callersOf('/authenticate', {}, 'POST')).toEqual([]);
  });

  it.each(['/live', '/ready', '/metrics', '/v1/events', '/v1/events/1', '/v1/attempts?limit=1'])(
    'let %s through',
    async (url) => {
      expect(await callersOf(url)).toEqual([]);
    },
  );
});
