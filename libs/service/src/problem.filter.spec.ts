import { describe, expect, it } from '@jest/globals';
import { ForbiddenException, NotFoundException } from '@nestjs/common';
import { ApiError } from '@postduif/contracts';
import { fastify } from 'fastify';
import { sendProblem, toApiError } from './problem.filter.js';

const answerTo = async (error: ApiError) => {
  const server = fastify();
  server.get('/', (_request, reply) => {
    sendProblem(reply, error);
  });
  const { statusCode, headers, body } = await server.inject('/');
  await server.close();
  return { statusCode, headers, problem: JSON.parse(body) as unknown };
};

describe('anything thrown', () => {
  it.each([
    ['an ApiError', new ApiError('overloaded'), 'overloaded'],
    ['an exception of the framework', new NotFoundException(), 'not_found'],
    ['another one', new ForbiddenException(), 'forbidden'],
    ['a body that is too large', Object.assign(new Error('large'), { statusCode: 413 }), 'payload_too_large'],
    ['an unknown media type', Object.assign(new Error('type'), { statusCode: 415 }), 'unsupported_media_type'],
    ['a mistake', new TypeError('x is undefined'), 'internal_error'],
    ['a text', 'oh', 'internal_error'],
    ['nothing', null, 'internal_error'],
  ])('given %s, has a code of the catalogue', (_case, thrown, code) => {
    expect(toApiError(thrown).code).toBe(code);
  });

  it('given a body that is too large for an address, names its limit', async () => {
    const server = fastify({ bodyLimit: 1_024 });
    server.setErrorHandler((error, request, reply) => {
      sendProblem(reply, toApiError(error, request));
    });
    server.post('/', () => ({}));
    const answer = await server.inject({ method: 'POST', url: '/', body: { a: 'x'.repeat(1_024) } });
    await server.close();
    expect(answer.json()).toMatchObject({ status: 413, detail: 'The body may have at most 1,024 bytes.' });
  });

  it('given a mistake, keeps it as the cause and tells the caller nothing of it', () => {
    const mistake = new TypeError('x is undefined');
    const error = toApiError(mistake);
    expect(error.cause).toBe(mistake);
    expect(JSON.stringify(error.toProblem())).not.toContain('x is undefined');
  });
});

describe('a problem as an answer', () => {
  it('is problem details with the status and the code', async () => {
    const { statusCode, headers, problem } = await answerTo(new ApiError('invalid_event', 'wrong'));
    expect([statusCode, headers['content-type']]).toEqual([400, 'application/problem+json']);
    expect(problem).toMatchObject({ status: 400, code: 'invalid_event', detail: 'wrong' });
    expect(headers['retry-after']).toBeUndefined();
  });

  it.each([
    ['overloaded', 503],
    ['rate_limited', 429],
    ['broker_unavailable', 503],
    ['not_ready', 503],
  ] as const)('given %s, says when to come back', async (code, status) => {
    const { statusCode, headers } = await answerTo(new ApiError(code));
    expect([statusCode, headers['retry-after']]).toEqual([status, '1']);
  });

  it('given a time to come back, says that', async () => {
    const { headers } = await answerTo(new ApiError('not_ready', undefined, { retryAfterSeconds: 7 }));
    expect(headers['retry-after']).toBe('7');
  });

  it('given a missing token, says which scheme to use', async () => {
    const { headers } = await answerTo(new ApiError('unauthenticated'));
    expect(headers['www-authenticate']).toBe('Bearer realm="postduif"');
  });
});
