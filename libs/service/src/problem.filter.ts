import { Catch, HttpException } from '@nestjs/common';
import type { ArgumentsHost, ExceptionFilter } from '@nestjs/common';
import { ApiError } from '@postduif/contracts';
import type { ErrorCode } from '@postduif/contracts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';

const CODES: Readonly<Record<number, ErrorCode>> = {
  400: 'invalid_request',
  401: 'unauthenticated',
  403: 'forbidden',
  404: 'not_found',
  405: 'method_not_allowed',
  408: 'request_timeout',
  413: 'payload_too_large',
  // A path that is too long leads nowhere.
  414: 'not_found',
  415: 'unsupported_media_type',
  429: 'rate_limited',
};

const BAD_ADDRESS =
  'The address cannot be read: its percent-encoding is not right. A percent sign itself is written `%25`.';

/**
 * Understands anything thrown while a request is handled: our errors, the framework's and Fastify's, and mistakes. With the request it can name
 * the limit of its body.
 */
export function toApiError(error: unknown, request?: Pick<FastifyRequest, 'routeOptions'>): ApiError {
  if (error instanceof ApiError) return error;
  const status =
    error instanceof HttpException ? error.getStatus() : (error as { statusCode?: unknown } | null)?.statusCode;
  const code = typeof status === 'number' ? CODES[status] : undefined;
  const { bodyLimit } = request?.routeOptions ?? {};
  const detail =
    code === 'payload_too_large' && bodyLimit !== undefined
      ? `The body may have at most ${bodyLimit.toLocaleString('en')} bytes.`
      : (error as { code?: unknown } | null)?.code === 'FST_ERR_BAD_URL'
        ? BAD_ADDRESS
        : undefined;
  return code
    ? new ApiError(code, detail, { cause: error })
    : new ApiError('internal_error', undefined, { cause: error });
}

/** Answers every error as problem details (RFC 9457) and logs what is our fault. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(private readonly log: Logger) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const error = toApiError(thrown, request);
    if (error.code === 'internal_error')
      this.log.error(
        { err: thrown, method: request.method, url: request.routeOptions.url, request: request.id },
        'request failed',
      );
    sendProblem(host.switchToHttp().getResponse<FastifyReply>(), error);
  }
}

/** Writes problem details; 503 and 429 say when to come back. `problem` is for those that say more than the error alone. */
export function sendProblem(reply: FastifyReply, error: ApiError, problem: object = error.toProblem()): void {
  const retryAfter = error.options.retryAfterSeconds ?? (error.status === 503 || error.status === 429 ? 1 : undefined);
  if (retryAfter !== undefined) void reply.header('retry-after', String(retryAfter));
  if (error.code === 'unauthenticated') void reply.header('www-authenticate', 'Bearer realm="postduif"');
  // As bytes: to text Fastify would add a charset, which this media type does not have.
  const body = Buffer.from(JSON.stringify(problem));
  void reply.status(error.status).header('content-type', 'application/problem+json').send(body);
}
