import type { FastifyInstance } from 'fastify';
import { ApiError } from '@postduif/contracts';
import { requirePlainBody } from '@postduif/service';
import qs from 'qs';
import { invalid } from './invalid.js';
import { isCompatible } from './versions.js';

const MOST_ITEMS = 200;
const BODYLESS = ['GET', 'HEAD'];
const WITH_CHARSET = 'application/json; charset=utf-8';

/** Bodies as Copernica's clients send and expect them (spec section 10.1). */
export function configureBodies(fastify: FastifyInstance): void {
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser<string>('application/json', { parseAs: 'string' }, ({ url }, body, done) => {
    try {
      done(null, body.trim() === '' ? undefined : JSON.parse(body));
    } catch (error) {
      done(notJson(error, url));
    }
  });
  fastify.addContentTypeParser<string>(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    (_request, body, done) => {
      done(null, qs.parse(body, { arrayLimit: MOST_ITEMS }));
    },
  );
  fastify.addHook('preParsing', (request, reply, _payload, done) => {
    if (!BODYLESS.includes(request.method)) requirePlainBody(request, reply);
    done();
  });
  // Clients compare the header literally.
  fastify.addHook('onSend', (_request, reply, _payload, done) => {
    if (reply.getHeader('content-type') === WITH_CHARSET) void reply.header('content-type', 'application/json');
    done();
  });
}

/** The engine's own message may repeat what was sent. Only the position is taken from it. */
function notJson(error: unknown, url: string): ApiError {
  const position = error instanceof SyntaxError ? (/ at position \d+/.exec(error.message)?.[0] ?? '') : '';
  return isCompatible(url)
    ? invalid(`the body is not valid JSON${position}`)
    : new ApiError('invalid_json', `The body is not valid JSON${position}.`);
}
