import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sendProblem, toApiError } from '@postduif/service';
import { fastify } from 'fastify';
import { configureBodies } from './bodies.js';

const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);

describe('a body', () => {
  const server = fastify();

  beforeAll(() => {
    configureBodies(server);
    server.setErrorHandler((error, _request, reply) => {
      sendProblem(reply, toApiError(error));
    });
    server.post('/*', ({ body }) => ({ body }));
  });
  afterAll(() => server.close());

  const post = async (url: string, payload: string | Buffer, type = 'application/json') => {
    const { statusCode, body } = await server.inject({
      ...{ method: 'POST', url, payload },
      headers: { 'content-type': type },
    });
    return { status: statusCode, answer: JSON.parse(body) as Record<string, unknown> };
  };

  it.each([
    ['/v1/account', 64],
    ['/v4/webhook/1/test', 64],
    ['/v1/event-types/invoice.paid', 128],
  ])('of %s may be nested %d deep', async (url, levels) => {
    expect((await post(url, nested(levels))).status).toBe(200);
    expect((await post(url, nested(levels + 1))).status).toBe(400);
    expect((await post(url, nested(100_000))).status).toBe(400);
  });

  it.each([
    ['nested too deep', nested(65), 'The JSON is nested deeper than 64 levels.'],
    [
      'with half a character',
      '{"a":"\\ud800"}',
      'A string holds half of a surrogate pair (\\ud800 to \\udfff), which is no character.',
    ],
    ['that is no UTF-8', Buffer.from([0x22, 0xff, 0x22]), 'The text is not UTF-8.'],
    ['that is no JSON', '{"secret",}', 'The text is not valid JSON at position 9.'],
  ])('%s is refused as every address refuses', async (_what, body, detail) => {
    expect(await post('/v1/account', body)).toMatchObject({ status: 400, answer: { code: 'invalid_json', detail } });
    expect(await post('/v4/webhooks', body)).toMatchObject({
      status: 400,
      answer: { code: 'invalid_request', detail: `Invalid data provided: ${detail}` },
    });
  });

  it('that is a form may have as many variables as all are read, and is refused beyond that', async () => {
    const form = (variables: number, url = '/v4/webhooks') =>
      post(url, Array(variables).fill('callers[]=ms').join('&'), 'application/x-www-form-urlencoded');
    expect(await form(1_000)).toEqual({ status: 200, answer: { body: { callers: Array(1_000).fill('ms') } } });
    const detail = 'A form may have at most 1,000 variables; this one has 1,001.';
    expect(await form(1_001)).toMatchObject({
      status: 400,
      answer: { code: 'invalid_request', detail: `Invalid data provided: ${detail}` },
    });
    expect(await form(1_001, '/v1/account')).toMatchObject({
      status: 400,
      answer: { code: 'invalid_request', detail },
    });
  });

  it('may be empty', async () => {
    for (const body of ['', ' \n']) expect(await post('/v4/webhooks', body)).toEqual({ status: 200, answer: {} });
  });

  it('has numbers as settings and schemas understand them', async () => {
    const body = '{"maximum":9223372036854775807}';
    expect((await post('/v1/event-types/a.b', body)).answer).toEqual({ body: { maximum: 2 ** 63 } });
  });
});
