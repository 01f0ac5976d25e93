import { Body, Controller, Get, HttpCode, Inject, Post, Query, Req, Res } from '@nestjs/common';
import { createAccount, pageQuery } from '@postduif/contracts';
import type { AccountView, CreatedAccount, Page } from '@postduif/contracts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { OncePerKey } from '../idempotency/once-per-key.js';
import { parseBody } from '../v1/parse-body.js';
import { Accounts } from './accounts.js';
import { ApiAccess } from './api-access.js';

/** `/v1/accounts`: for the operator of the installation. */
@Controller('v1/accounts')
export class AccountsController {
  constructor(
    @Inject(ApiAccess) private readonly access: ApiAccess,
    @Inject(Accounts) private readonly accounts: Accounts,
  ) {}

  @Get()
  async list(@Req() request: FastifyRequest, @Query() query: unknown): Promise<Page<AccountView>> {
    await this.access.require(request, 'accounts:read');
    return this.accounts.list(parseBody(pageQuery, query));
  }

  @Post()
  @HttpCode(201)
  @OncePerKey()
  async create(
    @Req() request: FastifyRequest,
    @Body() body: unknown,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<CreatedAccount> {
    const caller = await this.access.require(request, 'accounts:write');
    const made = await this.accounts.create(caller, parseBody(createAccount, body));
    void reply.header('cache-control', 'no-store');
    return made;
  }
}
