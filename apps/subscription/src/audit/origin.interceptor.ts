import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { Observable } from 'rxjs';
import { forRequest } from './origin.js';

/** Puts what changes while a request is handled down to that request. */
export class OriginInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (context.getType() !== 'http') return next.handle();
    // The handler keeps the surroundings in which it is asked for.
    return forRequest('rest', context.switchToHttp().getRequest<FastifyRequest>().id, () => next.handle());
  }
}
