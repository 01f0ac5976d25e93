import { ApiError } from '@postduif/contracts';
import type { Scope } from '@postduif/contracts';
import type { Access } from './access-directory.js';

/** RFC 6750 section 2.1: `Authorization: Bearer <token>`. */
export function bearerToken(authorization: string | undefined): string | undefined {
  return /^Bearer +([A-Za-z0-9._~+/-]+=*) *$/i.exec(authorization ?? '')?.[1];
}

/** A request, as far as it tells who sends it. */
export interface SentRequest {
  readonly headers: { readonly authorization?: string | undefined };
  readonly ip: string;
}

/** The caller behind a request, which is counted. Throws `unauthenticated`, `forbidden` or `rate_limited`. */
export async function authorize<Request extends SentRequest>(
  directory: { find(token: string): Promise<Access | undefined> },
  request: Request,
  scope: Scope,
  limits: { spend(caller: string, request: NoInfer<Request>): Promise<void> },
): Promise<Access> {
  const token = bearerToken(request.headers.authorization);
  const access = token === undefined ? undefined : await directory.find(token);
  // Who guesses tokens is slowed down; whoever sits at the same address with a good one is not.
  await limits.spend(access === undefined ? `address ${request.ip}` : `token ${access.token}`, request);
  if (!access) throw new ApiError('unauthenticated');
  if (!access.scopes.includes(scope)) throw new ApiError('forbidden', `This token lacks the scope ${scope}.`);
  return access;
}
