import { Body, Controller, Header, HttpCode, Inject, Post } from '@nestjs/common';
import { ApiError, authenticateBody } from '@postduif/contracts';
import { AccountStore } from '../accounts/account-store.js';
import { JwtIssuer } from './jwt-issuer.js';

/** `POST /authenticate`: a JWT for an API token, valid for 24 hours (spec section 10.1). Not for another JWT: those end. */
@Controller('authenticate')
export class AuthenticateController {
  constructor(
    @Inject(AccountStore) private readonly accounts: AccountStore,
    @Inject(JwtIssuer) private readonly issuer: JwtIssuer,
  ) {}

  @Post()
  @HttpCode(200)
  @Header('content-type', 'text/plain')
  @Header('cache-control', 'no-store')
  async authenticate(@Body() body: unknown): Promise<string> {
    const given = authenticateBody.safeParse(body);
    const access = given.success ? await this.accounts.accessOf(given.data.access_token) : undefined;
    if (access === undefined) throw new ApiError('unauthenticated');
    return this.issuer.issue(access);
  }
}
