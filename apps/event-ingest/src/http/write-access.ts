import { authorize } from '@postduif/access';
import type { Access } from '@postduif/access';
import { ApiError } from '@postduif/contracts';
import type { RequestLimits } from '@postduif/service';
import type { FastifyRequest } from 'fastify';

/** For which account a caller may send events. */
export class WriteAccess {
  constructor(
    private readonly directory: { find(token: string): Promise<Access | undefined> },
    private readonly limits: Pick<RequestLimits, 'spend'>,
    /** False while tokens are still being loaded: a valid token must not look like a wrong one. */
    private readonly loaded: () => boolean,
  ) {}

  /** Throws `unauthenticated`, `forbidden`, `rate_limited` or `not_ready`. */
  async of(request: FastifyRequest): Promise<Access> {
    if (!this.loaded()) throw new ApiError('not_ready', undefined, { retryAfterSeconds: 1 });
    return authorize(this.directory, request, 'events:write', this.limits);
  }
}
