import { Body, Controller, Header, HttpCode, Inject, Post, Req } from '@nestjs/common';
import { authenticateBody } from '@postduif/contracts';
import type { FastifyRequest } from 'fastify';
import { ApiAccess } from '../accounts/api-access.js';
import { JwtIssuer } from './jwt-issuer.js';

/** `POST /authenticate`: a JWT for an API token, valid for 24 hours (spec section 10.1). Not for another JWT: those end. */
@Controller('authenticate')
export class AuthenticateController {
  constructor(
    @Inject(ApiAccess) private readonly access: ApiAccess,
    @Inject(JwtIssuer) private readonly issuer: JwtIssuer,
  ) {}

  @Post()
  @HttpCode(200)
  @Header('content-type', 'text/plain')
  @Header('cache-control', 'no-store')
  async authenticate(@Req() request: FastifyRequest, @Body() body: unknown): Promise<string> {
    const { data } = authenticateBody.safeParse(body);
    return this.issuer.issue(await this.access.requireToken(request, data?.access_token));
  }
}
