import { Catch, HttpException } from '@nestjs/common';
import type { ArgumentsHost, ExceptionFilter } from '@nestjs/common';
import { ApiError } from '@postduif/contracts';
import type { ErrorCode } from '@postduif/contracts';
import { ProblemFilter, sendProblem, toApiError } from '@postduif/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Log } from '../log.js';
import { isCompatible } from './versions.js';

/** Only those meet them who ask for it by a header that Copernica's clients do not send, and who ask too often. They keep their status. */
const OURS: readonly ErrorCode[] = [
  'version_mismatch',
  'idempotency_key_in_use',
  'idempotency_key_reused',
  'rate_limited',
];

/**
 * Errors of Copernica's and SMTPeter's addresses in Copernica's shape, with a code beside its message, 400 for everything that is the caller's fault (spec section 10.1). Other addresses answer
 * problem details.
 */
@Catch()
export class V4Filter implements ExceptionFilter {
  readonly #problems: ProblemFilter;

  constructor(private readonly log: Log) {
    this.#problems = new ProblemFilter(log);
  }

  catch(thrown: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const error = toApiError(thrown, request);
    if (!isCompatible(request.url)) {
      this.#problems.catch(isUnknownType(error) ? new ApiError(error.code, TAKEN) : thrown, host);
      return;
    }
    if (error.code === 'internal_error')
      this.log.error({ err: thrown, method: request.method, request: request.id }, 'request failed');
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const retryAfter =
      error.options.retryAfterSeconds ?? (error.status === 503 || error.status === 429 ? 1 : undefined);
    if (retryAfter !== undefined) void reply.header('retry-after', String(retryAfter));
    const ours = OURS.includes(error.code);
    void reply
      .status(ours || error.status === 429 || error.status >= 500 ? error.status : 400)
      .header('content-type', 'application/json')
      .send({ error: { message: messageOf(error, thrown, request.url), code: error.code } });
  }
}

const TAKEN = 'Send the body as application/json.';
const NOWHERE = 'Invalid method';

/** Fastify's complaint, which does not say what the address takes. */
function isUnknownType({ code, options }: ApiError): boolean {
  return code === 'unsupported_media_type' && options.cause !== undefined;
}

/** Answers a request whose path leads nowhere because it cannot be read. */
export function answerBadPath(error: Error, request: FastifyRequest, reply: FastifyReply): void {
  if (!isCompatible(request.url)) {
    sendProblem(reply, toApiError(error));
    return;
  }
  // As bytes: to text Fastify would add a charset.
  const body = Buffer.from(JSON.stringify({ error: { message: NOWHERE, code: toApiError(error).code } }));
  void reply.status(400).header('content-type', 'application/json').send(body);
}

/** The path of a kind of thing without an id. */
const WITHOUT_ID = /^\/v\d\/(webhook|feedbackloop|database|collection|interest)\/?(\?|$)/;

function messageOf(error: ApiError, thrown: unknown, url: string): string {
  if (error.code === 'unauthenticated') return 'Invalid access token';
  // No route has this path and method.
  if (thrown instanceof HttpException && [404, 405].includes(thrown.getStatus()))
    return WITHOUT_ID.test(url) ? "Invalid request, element 1 is missing in 'directory' path" : NOWHERE;
  if (isUnknownType(error)) return 'Invalid data provided: use application/json or application/x-www-form-urlencoded';
  if (error.code === 'unsupported_media_type') return `Invalid data provided: ${error.message}`;
  return error.code === 'invalid_request' && error.options.cause !== undefined
    ? 'Invalid data provided: the body cannot be read'
    : error.message;
}
