import { Controller, Get, Inject, Req } from '@nestjs/common';
import type { Identity } from '@postduif/contracts';
import type { FastifyRequest } from 'fastify';
import { inAllVersions } from '../v4/versions.js';
import { AccountSettings } from './account-settings.js';
import { ApiAccess } from './api-access.js';

/** `GET /v4/identity`: the account that a token belongs to. Any valid token may ask. */
@Controller()
export class IdentityController {
  constructor(
    @Inject(ApiAccess) private readonly access: ApiAccess,
    @Inject(AccountSettings) private readonly account: AccountSettings,
  ) {}

  @Get(inAllVersions('identity'))
  async get(@Req() request: FastifyRequest): Promise<Identity> {
    const { id, name } = await this.account.view(await this.access.requireCompatible(request));
    return { id, ID: id, name, description: '', company: '' };
  }
}
