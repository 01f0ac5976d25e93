import { status } from '@grpc/grpc-js';
import { applyDecorators, Catch, Controller, Inject, UseFilters } from '@nestjs/common';
import type { ArgumentsHost, RpcExceptionFilter } from '@nestjs/common';
import { toApiError } from '@postduif/service';
import { throwError } from 'rxjs';
import type { Observable } from 'rxjs';
import { GivenUp } from '../database/given-up.js';
import type { Log } from '../log.js';
import type { Call } from './callers.js';
import { toGrpcStatus } from './grpc-status.js';

/** For injection: the log of the service. */
export const GRPC_LOG = Symbol('log');

/** Answers every error of a call with a status, and logs what is our fault. */
@Catch()
export class GrpcErrors implements RpcExceptionFilter {
  constructor(@Inject(GRPC_LOG) private readonly log: Log) {}

  catch(thrown: unknown, host: ArgumentsHost): Observable<never> {
    if (thrown instanceof GivenUp) return throwError(() => ({ code: status.CANCELLED, details: thrown.message }));
    const error = toApiError(thrown);
    if (error.code === 'internal_error')
      this.log.error({ err: thrown, method: host.getArgByIndex<Call>(2).getPath() }, 'call failed');
    return throwError(() => toGrpcStatus(error));
  }
}

/** A class that serves the calls of a gRPC service. */
export function GrpcController(): ClassDecorator {
  return applyDecorators(Controller(), UseFilters(GrpcErrors));
}
