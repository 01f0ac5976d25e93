import { ApiError } from '@postduif/contracts';
import type { Scope } from '@postduif/contracts';
import type { Access } from './access-directory.js';

/** RFC 6750 section 2.1: `Authorization: Bearer <token>`. */
export function bearerToken(authorization: string | undefined): string | undefined {
  return /^Bearer +([A-Za-z0-9._~+/-]+=*) *$/i.exec(authorization ?? '')?.[1];
}

/** The caller behind a request. Throws `unauthenticated` or `forbidden`. */
export async function authorize(
  directory: { find(token: string): Promise<Access | undefined> },
  authorization: string | undefined,
  scope: Scope,
): Promise<Access> {
  const token = bearerToken(authorization);
  const access = token === undefined ? undefined : await directory.find(token);
  if (!access) throw new ApiError('unauthenticated');
  if (!access.scopes.includes(scope)) throw new ApiError('forbidden', `This token lacks the scope ${scope}.`);
  return access;
}
