import type { FastifyInstance } from 'fastify';
import { ApiError, JsonError, MAX_JSON_DEPTH, parseJson } from '@postduif/contracts';
import type { ErrorCode } from '@postduif/contracts';
import { requirePlainBody } from '@postduif/service';
import qs from 'qs';
import { invalid } from './invalid.js';
import { isCompatible } from './versions.js';

const MOST_VARIABLES = 1_000;
const BODYLESS = ['GET', 'HEAD'];
const WITH_CHARSET = 'application/json; charset=utf-8';
/** What holds a schema may be nested deeper: how deep, the schema's own rules say. */
const WITH_SCHEMA = '/v1/event-types/';
const MAX_SCHEMA_DEPTH = 2 * MAX_JSON_DEPTH;

/** Bodies as Copernica's clients send and expect them (spec section 10.1). */
export function configureBodies(fastify: FastifyInstance): void {
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, ({ url }, body, done) => {
    done(null, jsonOf(body, url));
  });
  fastify.addContentTypeParser<string>(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    ({ url }, body, done) => {
      done(null, formOf(body, url));
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

function formOf(body: string, url: string): unknown {
  const variables = body.split('&').length;
  if (variables > MOST_VARIABLES)
    throw refusal(
      url,
      'invalid_request',
      `A form may have at most ${MOST_VARIABLES.toLocaleString('en')} variables; this one has ${variables.toLocaleString('en')}.`,
    );
  return qs.parse(body, { arrayLimit: MOST_VARIABLES, parameterLimit: MOST_VARIABLES });
}

/** Undefined for an empty body. What no event may hold is refused here, too. */
function jsonOf(body: Buffer, url: string): unknown {
  if (body.toString().trim() === '') return undefined;
  try {
    return parseJson(body, {
      maxDepth: url.startsWith(WITH_SCHEMA) ? MAX_SCHEMA_DEPTH : MAX_JSON_DEPTH,
      rounded: true,
    });
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    throw refusal(url, 'invalid_json', error.message);
  }
}

/** In the words of the address. */
function refusal(url: string, code: ErrorCode, message: string): ApiError {
  return isCompatible(url) ? invalid(message) : new ApiError(code, message);
}
