import { bearerToken } from '@postduif/access';
import type { Access } from '@postduif/access';
import { ApiError } from '@postduif/contracts';
import type { Scope } from '@postduif/contracts';
import type { FastifyRequest } from 'fastify';
import type { JwtIssuer } from '../jwt/jwt-issuer.js';
import { versionOf } from '../v4/versions.js';
import type { AccountStore } from './account-store.js';

/** Who calls the API, and whether he may. */
export class ApiAccess {
  constructor(
    private readonly accounts: Pick<AccountStore, 'accessOf' | 'accessOfSubject'>,
    private readonly jwts: Pick<JwtIssuer, 'verify'>,
    private readonly options: { readonly queryToken: boolean },
  ) {}

  /** For `/v1`: only the header `Authorization`. Throws `unauthenticated`, `forbidden` or `store_unavailable`. */
  require(request: FastifyRequest, scope: Scope): Promise<Access> {
    return this.of(bearerToken(request.headers.authorization), scope);
  }

  /**
   * For Copernica's and SMTPeter's addresses: also `?access_token=`, on `/v4` only where the operator allows it (spec section 10.1).
   * Without a scope any valid token will do.
   */
  requireCompatible(request: FastifyRequest, scope?: Scope): Promise<Access> {
    return this.of(this.#compatibleToken(request), scope);
  }

  /** The token itself, for a service that checks it again. Throws as `requireCompatible` does. */
  async tokenFor(request: FastifyRequest, scope: Scope): Promise<string> {
    const token = this.#compatibleToken(request);
    await this.of(token, scope);
    return token ?? '';
  }

  #compatibleToken(request: FastifyRequest): string | undefined {
    const given = (request.query as Readonly<Record<string, unknown>>).access_token;
    const allowed = this.options.queryToken || versionOf(request) !== 'v4';
    const inQuery = allowed && typeof given === 'string' ? given : undefined;
    return bearerToken(request.headers.authorization) ?? inQuery;
  }

  /** What an API token or a JWT gives; `undefined` when it is not valid. */
  async find(token: string): Promise<Access | undefined> {
    const access = await this.accounts.accessOf(token);
    if (access !== undefined) return access;
    const subject = await this.jwts.verify(token);
    return subject && this.accounts.accessOfSubject(subject);
  }

  /** What a token gives. Without a scope any valid token will do. Throws as `require` does. */
  async of(token: string | undefined, scope?: Scope): Promise<Access> {
    const access = token === undefined ? undefined : await this.find(token);
    if (access === undefined) throw new ApiError('unauthenticated');
    if (scope !== undefined && !access.scopes.includes(scope))
      throw new ApiError('forbidden', `This token lacks the scope ${scope}.`);
    return access;
  }
}
