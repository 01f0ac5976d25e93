import type { FastifyInstance } from 'fastify';
import { ApiError } from '@postduif/contracts';
import qs from 'qs';

const MOST_ITEMS = 200;
const WITH_CHARSET = 'application/json; charset=utf-8';

/** Bodies as Copernica's clients send and expect them (spec section 10.1). */
export function configureBodies(fastify: FastifyInstance): void {
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser<string>('application/json', { parseAs: 'string' }, (_request, body, done) => {
    try {
      done(null, body.trim() === '' ? undefined : JSON.parse(body));
    } catch (cause) {
      done(new ApiError('invalid_request', 'Invalid data provided: the body is not valid JSON', { cause: cause }));
    }
  });
  fastify.addContentTypeParser<string>(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    (_request, body, done) => {
      done(null, qs.parse(body, { arrayLimit: MOST_ITEMS }));
    },
  );
  // Clients compare the header literally.
  fastify.addHook('onSend', (_request, reply, _payload, done) => {
    if (reply.getHeader('content-type') === WITH_CHARSET) void reply.header('content-type', 'application/json');
    done();
  });
}
