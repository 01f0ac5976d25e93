import { Inject } from '@nestjs/common';
import { GrpcMethod } from '@nestjs/microservices';
import { ApiError } from '@postduif/contracts';
import { Health } from '@postduif/service';
import { distinctUntilChanged, fromEvent, map, merge, takeWhile, timer } from 'rxjs';
import type { Observable } from 'rxjs';
import { GrpcController } from './grpc-errors.js';
import { SERVICES } from './package-definition.js';
import { Stopping } from './stopping.js';

interface ServingStatus {
  readonly status: 'SERVING' | 'NOT_SERVING' | 'SERVICE_UNKNOWN';
}

/** How often a watched health is looked at. */
const LOOK_MS = 500;
/** The empty name is the whole server; it is ready or not as one. */
const NAMES = ['', ...SERVICES];

/** `grpc.health.v1.Health`: the same as `/ready` over HTTP. Needs no token. */
@GrpcController()
export class HealthService {
  constructor(
    @Inject(Health) private readonly health: Health,
    @Inject(Stopping) private readonly stopping: Stopping,
  ) {}

  @GrpcMethod('Health', 'Check')
  check({ service }: { service: string }): ServingStatus {
    if (!NAMES.includes(service)) throw new ApiError('not_found', 'There is no service of this name.');
    return this.#now(service);
  }

  @GrpcMethod('Health', 'List')
  list(): { statuses: Record<string, ServingStatus> } {
    return { statuses: Object.fromEntries(NAMES.map((name) => [name, this.#now(name)])) };
  }

  /** The last that a watcher is told is that the service stops. */
  @GrpcMethod('Health', 'Watch')
  watch({ service }: { service: string }): Observable<ServingStatus> {
    const { signal } = this.stopping;
    return merge(timer(0, LOOK_MS), fromEvent(signal, 'abort')).pipe(
      takeWhile(() => !signal.aborted, true),
      map(() => this.#now(service)),
      distinctUntilChanged((before, now) => before.status === now.status),
    );
  }

  #now(service: string): ServingStatus {
    if (!NAMES.includes(service)) return { status: 'SERVICE_UNKNOWN' };
    return { status: this.health.ready().ok ? 'SERVING' : 'NOT_SERVING' };
  }
}
