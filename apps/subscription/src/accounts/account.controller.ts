import { Body, Controller, Get, Inject, Put, Req, Res } from '@nestjs/common';
import { updateAccount } from '@postduif/contracts';
import type { AccountView } from '@postduif/contracts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { entityTag, preconditionOf, showVersion } from '../changes/precondition.js';
import { parseBody } from '../v1/parse-body.js';
import { AccountSettings, toAccountView } from './account-settings.js';
import { ApiAccess } from './api-access.js';

/** `/v1/account`: the account that the caller's token belongs to. */
@Controller('v1/account')
export class AccountController {
  constructor(
    @Inject(ApiAccess) private readonly access: ApiAccess,
    @Inject(AccountSettings) private readonly account: AccountSettings,
  ) {}

  @Get()
  async get(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<AccountView | undefined> {
    const row = await this.account.get(await this.access.require(request, 'account:read'));
    return showVersion(reply, entityTag(row.version), toAccountView(row));
  }

  @Put()
  async change(@Req() request: FastifyRequest, @Body() body: unknown): Promise<AccountView> {
    const caller = await this.access.require(request, 'account:write');
    return this.account.change(caller, parseBody(updateAccount, body), preconditionOf(request));
  }
}
