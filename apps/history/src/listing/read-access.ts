import { authorize } from '@postduif/access';
import type { Access } from '@postduif/access';
import { ApiError } from '@postduif/contracts';

/** Whose data a caller may read. */
export class ReadAccess {
  constructor(
    private readonly directory: { find(token: string): Promise<Access | undefined> },
    /** False while tokens are still being loaded: a valid token must not look like a wrong one. */
    private readonly loaded: () => boolean,
  ) {}

  /** The caller's account. Throws `unauthenticated`, `forbidden`, or `not_ready`. */
  async account(authorization: string | undefined): Promise<string> {
    if (!this.loaded()) throw new ApiError('not_ready');
    return (await authorize(this.directory, authorization, 'events:read')).account;
  }
}
