import { Body, Controller, Get, Inject, Put, Req } from '@nestjs/common';
import { updateAccount } from '@postduif/contracts';
import type { AccountView } from '@postduif/contracts';
import type { FastifyRequest } from 'fastify';
import { parseBody } from '../v1/parse-body.js';
import { AccountSettings } from './account-settings.js';
import { ApiAccess } from './api-access.js';

/** `/v1/account`: the account that the caller's token belongs to. */
@Controller('v1/account')
export class AccountController {
  constructor(
    @Inject(ApiAccess) private readonly access: ApiAccess,
    @Inject(AccountSettings) private readonly account: AccountSettings,
  ) {}

  @Get()
  async get(@Req() request: FastifyRequest): Promise<AccountView> {
    return this.account.view(await this.access.require(request, 'account:read'));
  }

  @Put()
  async change(@Req() request: FastifyRequest, @Body() body: unknown): Promise<AccountView> {
    const caller = await this.access.require(request, 'account:write');
    return this.account.change(caller, parseBody(updateAccount, body));
  }
}
