import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { answerClientError } from './client-error.js';
import { sendProblem, toApiError } from './problem.filter.js';

/** Longest part of a path: an id of 200 characters, each of them percent-encoded. */
const MOST_PATH_PART = 600;
/** What a request may have before its path (RFC 9112 section 3.2.2). */
const ORIGIN = /^https?:\/\/[^/?]*\/?/i;
const REQUEST_TIMEOUT_MS = 60_000;
/** How often connections are looked at for requests that take too long to arrive. */
const CHECK_MS = 1_000;

export interface HttpAdapterOptions {
  /** Largest request body in bytes; default 1 MiB. */
  readonly bodyLimit?: number | undefined;
  /** What a request may take to arrive, headers and body, before it is answered 408; default 60 s. */
  readonly requestTimeoutMs?: number;
  /** By default with problem details. */
  readonly answerBadPath?: AnswerBadPath | undefined;
}

/** Answers a request whose path cannot be read, or is too long to lead anywhere: it belongs to no route. */
export type AnswerBadPath = (error: Error, request: FastifyRequest, reply: FastifyReply) => void;

/** The HTTP server of every service. */
export function httpAdapter({
  bodyLimit = 1024 * 1024,
  requestTimeoutMs = REQUEST_TIMEOUT_MS,
  answerBadPath = (error, _request, reply) => {
    sendProblem(reply, toApiError(error));
  },
}: HttpAdapterOptions = {}): FastifyAdapter {
  return new FastifyAdapter({
    bodyLimit,
    requestTimeout: requestTimeoutMs,
    // Node takes the larger of the two for the whole request.
    http: { headersTimeout: requestTimeoutMs, connectionsCheckingInterval: CHECK_MS },
    clientErrorHandler: answerClientError,
    frameworkErrors: answerBadPath,
    forceCloseConnections: 'idle',
    // What still comes on an open connection while the service stops is answered, and the connection then closed.
    return503OnClosing: false,
    requestIdHeader: 'x-request-id',
    rewriteUrl: ({ url = '/' }) => url.replace(ORIGIN, '/'),
    routerOptions: { maxParamLength: MOST_PATH_PART },
  });
}
