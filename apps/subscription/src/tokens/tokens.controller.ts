import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Post, Req, Res } from '@nestjs/common';
import { createToken } from '@postduif/contracts';
import type { CreatedToken, TokenView } from '@postduif/contracts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiAccess } from '../accounts/api-access.js';
import { entityTag, preconditionOf, showVersion } from '../changes/precondition.js';
import { OncePerKey } from '../idempotency/once-per-key.js';
import { parseBody } from '../v1/parse-body.js';
import { PublicAddress } from '../v4/public-address.js';
import { ApiTokens, toTokenView } from './api-tokens.js';

/** `/v1/tokens`: the API tokens of the caller's account. */
@Controller('v1/tokens')
export class TokensController {
  constructor(
    @Inject(ApiAccess) private readonly access: ApiAccess,
    @Inject(ApiTokens) private readonly tokens: ApiTokens,
    @Inject(PublicAddress) private readonly address: PublicAddress,
  ) {}

  @Post()
  @HttpCode(201)
  @OncePerKey()
  async create(
    @Req() request: FastifyRequest,
    @Body() body: unknown,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<CreatedToken> {
    const caller = await this.access.require(request, 'tokens:write');
    const made = await this.tokens.create(caller, parseBody(createToken, body));
    void reply
      .header('location', this.address.of(request, `/v1/tokens/${made.id}`))
      .header('cache-control', 'no-store');
    return made;
  }

  @Get()
  async list(@Req() request: FastifyRequest): Promise<TokenView[]> {
    return this.tokens.list(await this.access.require(request, 'tokens:read'));
  }

  @Get(':id')
  async get(
    @Req() request: FastifyRequest,
    @Param('id') id: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TokenView | undefined> {
    const row = await this.tokens.get(await this.access.require(request, 'tokens:read'), id);
    return showVersion(reply, entityTag(row.version), toTokenView(row));
  }

  @Delete(':id')
  @HttpCode(204)
  async revoke(@Req() request: FastifyRequest, @Param('id') id: string): Promise<void> {
    await this.tokens.revoke(await this.access.require(request, 'tokens:write'), id, preconditionOf(request));
  }
}
