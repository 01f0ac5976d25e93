import { describe, expect, it } from '@jest/globals';
import { ApiError } from '@postduif/contracts';
import { fastify } from 'fastify';
import { requireKnownCallers } from './known-callers.js';

async function answerTo(url: string, headers: Record<string, string>): Promise<{ status: number; read: boolean }> {
  let read = false;
  const server = fastify();
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', (_request, payload, done) => {
    read = true;
    payload.resume().on('end', () => {
      done(null);
    });
  });
  requireKnownCallers(server, {
    caller: ({ headers: { authorization } }) =>
      authorization === undefined
        ? Promise.reject(new ApiError('unauthenticated'))
        : Promise.resolve({ account: '1', token: 't', scopes: [] }),
  });
  server.setErrorHandler((error, _request, reply) =>
    reply.status(error instanceof ApiError ? error.status : 500).send(),
  );
  server.post('/*', () => ({}));
  const { statusCode } = await server.inject({ method: 'POST', url, headers, payload: 'body' });
  return { status: statusCode, read };
}

describe('the body of a request', () => {
  it('given no valid token, is not read', async () => {
    for (const url of ['/v4/webhooks', '/v1/tokens', '/v1/eventsx', '/nowhere'])
      expect(await answerTo(url, {})).toEqual({ status: 401, read: false });
  });

  it('given a token, is read', async () => {
    expect(await answerTo('/v4/webhooks', { authorization: 'Bearer x' })).toEqual({ status: 200, read: true });
  });

  it.each(['/authenticate', '/v1/handshake', '/v1/events'])('is read at %s from anybody', async (url) => {
    expect(await answerTo(url, {})).toEqual({ status: 200, read: true });
  });
});
