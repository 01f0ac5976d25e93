import type { Readable } from 'node:stream';
import httpProxy from '@fastify/http-proxy';
import { ApiError } from '@postduif/contracts';
import { sendProblem } from '@postduif/service';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { detachable } from './detachable.js';

const CONNECT_MS = 3_000;
const ANSWER_MS = 30_000;
const RETRY_AFTER_SECONDS = 5;

export interface Upstreams {
  readonly ingest: string;
  readonly history: string;
}

/** Hands requests on to the services behind: one public address for all of the API. */
export async function openFrontDoor(fastify: FastifyInstance, { ingest, history }: Upstreams): Promise<void> {
  // In a scope of its own: bodies are handed on as they come.
  await fastify.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (_request: FastifyRequest, body: Readable, done) => {
      done(null, detachable(body));
    });
    await proxy(scope, '/v1/events', ['POST'], ingest);
    await proxy(scope, '/v1/events', ['GET'], history);
    await proxy(scope, '/v1/attempts', ['GET'], history);
  });
}

async function proxy(scope: FastifyInstance, prefix: string, methods: string[], upstream: string): Promise<void> {
  await scope.register(httpProxy, {
    prefix,
    rewritePrefix: prefix,
    upstream,
    httpMethods: methods,
    // The parser above does it.
    proxyPayloads: false,
    undici: { connect: { timeout: CONNECT_MS }, headersTimeout: ANSWER_MS, bodyTimeout: ANSWER_MS },
    replyOptions: {
      // By default a GET that is answered with 503 would be sent ten times more, at once.
      retryDelay: () => null,
      onResponse: (_request, reply, { stream }) => {
        // About the connection behind. Since the rest of a body is read, this one stays whole.
        void reply.removeHeader('connection').removeHeader('keep-alive').send(stream);
      },
      onError: (reply, { error }) => {
        const options = { retryAfterSeconds: RETRY_AFTER_SECONDS, cause: error };
        sendProblem(reply as unknown as FastifyReply, new ApiError('upstream_unavailable', undefined, options));
      },
    },
  });
}
