import { authorize } from '@postduif/access';
import type { Access } from '@postduif/access';
import { ApiError } from '@postduif/contracts';

/** For which account a caller may send events. */
export class WriteAccess {
  constructor(
    private readonly directory: { find(token: string): Promise<Access | undefined> },
    /** False while tokens are still being loaded: a valid token must not look like a wrong one. */
    private readonly loaded: () => boolean,
  ) {}

  /** Throws `unauthenticated`, `forbidden`, or `not_ready`. */
  async of(authorization: string | undefined): Promise<Access> {
    if (!this.loaded()) throw new ApiError('not_ready', undefined, { retryAfterSeconds: 1 });
    return authorize(this.directory, authorization, 'events:write');
  }
}
