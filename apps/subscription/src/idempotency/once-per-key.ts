import { Inject, Injectable, UseInterceptors } from '@nestjs/common';
import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import { ApiError, idempotencyKey } from '@postduif/contracts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { from, lastValueFrom } from 'rxjs';
import type { Observable } from 'rxjs';
import { ApiAccess } from '../accounts/api-access.js';
import { IdempotencyKeys } from './idempotency-keys.js';
import type { Answer } from './idempotency-keys.js';

const HEADER = 'idempotency-key';
const REPEATED = 'idempotency-replayed';
/** Headers of an answer that belong to what was made. */
const KEPT = ['location', 'x-location', 'x-created', 'cache-control'];

/** Looks at the header `Idempotency-Key` of requests that make something. */
@Injectable()
export class OncePerKeyInterceptor implements NestInterceptor {
  constructor(
    @Inject(ApiAccess) private readonly access: ApiAccess,
    @Inject(IdempotencyKeys) private readonly keys: IdempotencyKeys,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = context.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const key = keyOf(request);
    return key === undefined ? next.handle() : from(this.#once(request, http.getResponse<FastifyReply>(), key, next));
  }

  async #once(request: FastifyRequest, reply: FastifyReply, key: string, next: CallHandler): Promise<unknown> {
    const { account, token } = await this.access.caller(request);
    const path = new URL(request.url, 'http://a').pathname;
    const { answer, repeated } = await this.keys.once(
      { account, token, key, method: request.method, path, body: request.body },
      async () => {
        const body: unknown = await lastValueFrom(next.handle());
        return { status: reply.statusCode, headers: keptHeaders(reply), body };
      },
    );
    if (repeated) void reply.status(answer.status).headers({ ...answer.headers, [REPEATED]: 'true' });
    return answer.body;
  }
}

/** For handlers that make something: with an `Idempotency-Key` a repeated request is answered as the first time. */
export function OncePerKey(): MethodDecorator {
  return UseInterceptors(OncePerKeyInterceptor);
}

function keyOf({ headers }: FastifyRequest): string | undefined {
  const given = headers[HEADER];
  if (given === undefined) return undefined;
  const key = idempotencyKey.safeParse(given);
  if (key.success) return key.data;
  throw new ApiError('invalid_request', `Idempotency-Key: ${key.error.issues[0]?.message}`);
}

function keptHeaders(reply: FastifyReply): Answer['headers'] {
  const headers = KEPT.map((name) => [name, reply.getHeader(name)] as const);
  return Object.fromEntries(headers.flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])));
}
