import { Readable } from 'node:stream';
import httpProxy from '@fastify/http-proxy';
import { ApiError } from '@postduif/contracts';
import { sendProblem, toApiError } from '@postduif/service';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { detachable } from './detachable.js';
import type { Upstream } from './upstream.js';

const CONNECT_MS = 3_000;
const ANSWER_MS = 30_000;
const RETRY_AFTER_SECONDS = 5;
const READ = ['GET', 'HEAD'];
/** Headers about the connection to us (RFC 9110 section 7.6.1), and the one that we answer ourselves. */
const OURS = new Set(['expect', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'upgrade']);

const NO_PATH =
  'An address cannot hold an id with `../` or `/..` in it: GET /v1/events?id=<id> finds the event, GET /v1/attempts?event=<id> its attempts.';

export interface Upstreams {
  readonly ingest: Upstream;
  readonly history: Upstream;
}

/** Hands requests on to the services behind: one public address for all of the API. */
export async function openFrontDoor(fastify: FastifyInstance, { ingest, history }: Upstreams): Promise<void> {
  // In a scope of its own: bodies are handed on as they come, and not read at all where nobody takes them.
  await fastify.register(async (scope) => {
    scope.setErrorHandler((error, _request, reply) => {
      sendProblem(reply, problemOf(error));
    });
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (_request: FastifyRequest, body: Readable, done) => {
      done(null, body);
    });
    await proxy(scope, { prefix: '/v1/events', routes: ['/'], methods: ['POST'], upstream: ingest });
    await proxy(scope, { prefix: '/v1/events', methods: READ, upstream: history });
    await proxy(scope, { prefix: '/v1/attempts', methods: READ, upstream: history });
  });
}

function problemOf(error: unknown): ApiError {
  const problem = toApiError(error);
  // Bodies are not looked at, so it is the address that the proxy does not like.
  return problem !== error && problem.code === 'invalid_request'
    ? new ApiError(problem.code, NO_PATH, { cause: error })
    : problem;
}

interface Proxied {
  readonly prefix: string;
  /** Below the prefix; by default everything. */
  readonly routes?: string[];
  readonly methods: string[];
  readonly upstream: Upstream;
}

async function proxy(scope: FastifyInstance, { prefix, routes, methods, upstream }: Proxied): Promise<void> {
  await scope.register(httpProxy, {
    prefix,
    rewritePrefix: prefix,
    upstream: upstream.url,
    ...(routes === undefined ? {} : { routes }),
    httpMethods: methods,
    // The parser of the scope does it.
    proxyPayloads: false,
    preHandler: (request, _reply, done) => {
      if (request.body instanceof Readable) request.body = detachable(request.body);
      done();
    },
    undici: { connect: { timeout: CONNECT_MS }, headersTimeout: ANSWER_MS, bodyTimeout: ANSWER_MS },
    replyOptions: {
      // By default a GET that is answered with 503 would be sent ten times more, at once.
      retryDelay: () => null,
      rewriteRequestHeaders: (request, headers) => ({
        ...Object.fromEntries(Object.entries(headers).filter(([name]) => !OURS.has(name))),
        'x-request-id': request.id,
      }),
      onResponse: (_request, reply, { stream }) => {
        upstream.answered();
        // About the connection behind. Since the rest of a body is read, this one stays whole.
        void reply.removeHeader('connection').removeHeader('keep-alive').send(stream);
      },
      onError: (reply, { error }) => {
        // Not when it was the caller who went away.
        if (!reply.request.socket.destroyed) upstream.failed(error);
        const options = { retryAfterSeconds: RETRY_AFTER_SECONDS, cause: error };
        sendProblem(reply as unknown as FastifyReply, new ApiError('upstream_unavailable', undefined, options));
      },
    },
  });
}
