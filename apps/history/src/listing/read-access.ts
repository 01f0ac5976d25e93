import { authorize } from '@postduif/access';
import type { Access } from '@postduif/access';
import { ApiError } from '@postduif/contracts';
import type { RequestLimits } from '@postduif/service';
import type { FastifyRequest } from 'fastify';

/** Whose data a caller may read. */
export class ReadAccess {
  constructor(
    private readonly directory: { find(token: string): Promise<Access | undefined> },
    private readonly limits: Pick<RequestLimits, 'spend'>,
    /** False while tokens are still being loaded: a valid token must not look like a wrong one. */
    private readonly loaded: () => boolean,
  ) {}

  /** The caller's account. Throws `unauthenticated`, `forbidden`, `rate_limited` or `not_ready`. */
  async account(request: FastifyRequest): Promise<string> {
    if (!this.loaded()) throw new ApiError('not_ready');
    return (await authorize(this.directory, request, 'events:read', this.limits)).account;
  }
}
