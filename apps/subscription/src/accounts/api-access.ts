import { bearerToken, hashToken } from '@postduif/access';
import type { Access, JwtSubject } from '@postduif/access';
import { ApiError } from '@postduif/contracts';
import type { Scope } from '@postduif/contracts';
import type { RequestLimits } from '@postduif/service';
import type { FastifyRequest } from 'fastify';
import { noteCaller } from '../audit/origin.js';
import type { Credential } from '../audit/origin.js';
import type { JwtIssuer } from '../jwt/jwt-issuer.js';
import { isCompatible, versionOf } from '../v4/versions.js';
import type { AccountStore } from './account-store.js';

export interface ApiAccessOptions {
  /** `/v4` takes a token in the address, too. */
  readonly queryToken: boolean;
  /** How much a caller may ask; by default as much as he likes. */
  readonly limits?: Pick<RequestLimits, 'spend'>;
}

const MOST_REMEMBERED = 10_000;

interface Caller {
  readonly access: Access;
  readonly credential: Credential;
}

/** Who calls the API, and whether he may. */
export class ApiAccess {
  readonly #callers = new WeakMap<FastifyRequest, Promise<Caller>>();
  /** Ids, by hash, of API tokens that were good when they were last looked up, the latest used last. They are looked up again. */
  readonly #known = new Map<string, string>();

  constructor(
    private readonly accounts: Pick<AccountStore, 'accessOf' | 'accessOfSubject'>,
    private readonly jwts: Pick<JwtIssuer, 'verify'>,
    private readonly options: ApiAccessOptions,
  ) {}

  /**
   * For `/v1`: only the header `Authorization`. Without a scope any valid token will do. Throws `unauthenticated`, `forbidden`,
   * `rate_limited` or `store_unavailable`.
   */
  async require(request: FastifyRequest, scope?: Scope): Promise<Access> {
    return permitted(await this.#callerOf(request, bearerToken(request.headers.authorization)), scope);
  }

  /**
   * For Copernica's and SMTPeter's addresses: also `?access_token=`, on `/v4` only where the operator allows it (spec section 10.1).
   * Otherwise as `require`.
   */
  async requireCompatible(request: FastifyRequest, scope?: Scope): Promise<Access> {
    return permitted(await this.#callerOf(request, this.#compatibleToken(request)), scope);
  }

  /** The token itself, for a service that checks it again. Throws as `requireCompatible` does. */
  async tokenFor(request: FastifyRequest, scope: Scope): Promise<string> {
    await this.requireCompatible(request, scope);
    return this.#compatibleToken(request) ?? '';
  }

  /** For an API token that a request brings elsewhere. A JWT will not do. Throws as `require` does. */
  async requireToken(request: FastifyRequest, token: string | undefined): Promise<Access> {
    const { access, credential } = await this.#authenticate(token, request.ip, request);
    if (credential === 'jwt') throw new ApiError('unauthenticated');
    return access;
  }

  #compatibleToken(request: FastifyRequest): string | undefined {
    const given = (request.query as Readonly<Record<string, unknown>>).access_token;
    const allowed = this.options.queryToken || versionOf(request) !== 'v4';
    const inQuery = allowed && typeof given === 'string' ? given : undefined;
    return bearerToken(request.headers.authorization) ?? inQuery;
  }

  /** Who sends a request, by the rules of its address. */
  caller(request: FastifyRequest): Promise<Access> {
    return isCompatible(request.url) ? this.requireCompatible(request) : this.require(request);
  }

  /** What an API token or a JWT gives; `undefined` when it is not valid. */
  async find(token: string): Promise<Access | undefined> {
    return (await this.#look(token, await this.jwts.verify(token)))?.access;
  }

  /** What a token gives, for somebody at `address`. Without a scope any valid token will do. Throws as `require` does. */
  async of(token: string | undefined, scope: Scope | undefined, address: string): Promise<Access> {
    return permitted(noted(await this.#authenticate(token, address)), scope);
  }

  /** A request is looked at once, however often it is asked for. */
  async #callerOf(request: FastifyRequest, token: string | undefined): Promise<Access> {
    const known = this.#callers.get(request);
    if (known !== undefined) return noted(await known);
    const caller = this.#authenticate(token, request.ip, request);
    this.#callers.set(request, caller);
    return noted(await caller);
  }

  /**
   * Before anything is looked up, who guesses tokens is slowed down by his address, and whose token is known by that: whoever sits at the same
   * address with a good one is not.
   */
  async #authenticate(token: string | undefined, address: string, request?: FastifyRequest): Promise<Caller> {
    const { limits } = this.options;
    const hash = hashToken(token ?? '');
    const subject = token === undefined ? undefined : await this.jwts.verify(token);
    const known = subject?.token ?? this.#known.get(hash);
    await limits?.spend(known === undefined ? `address ${address}` : `token ${known}`, request);
    const found = token === undefined ? undefined : await this.#look(token, subject);
    this.#known.delete(hash);
    if (found === undefined) throw new ApiError('unauthenticated');
    if (found.credential === 'token') this.#remember(hash, found.access.token);
    if (known === undefined) await limits?.spend(`token ${found.access.token}`, request);
    return found;
  }

  #remember(hash: string, token: string): void {
    this.#known.set(hash, token);
    if (this.#known.size <= MOST_REMEMBERED) return;
    for (const oldest of this.#known.keys()) {
      this.#known.delete(oldest);
      return;
    }
  }

  async #look(token: string, subject: JwtSubject | undefined): Promise<Caller | undefined> {
    const access = await (subject === undefined
      ? this.accounts.accessOf(token)
      : this.accounts.accessOfSubject(subject));
    return access && { access, credential: subject === undefined ? 'token' : 'jwt' };
  }
}

/** What is changed from now on in handling a request is the caller's doing. */
function noted({ access, credential }: Caller): Access {
  noteCaller(access.token, credential);
  return access;
}

function permitted(access: Access, scope: Scope | undefined): Access {
  if (scope !== undefined && !access.scopes.includes(scope))
    throw new ApiError('forbidden', `This token lacks the scope ${scope}.`);
  return access;
}
