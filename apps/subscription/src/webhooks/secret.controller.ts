import { Controller, Get, Inject, Param, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { ApiAccess } from '../accounts/api-access.js';
import { Webhooks } from './webhooks.js';

/** `GET /v1/webhooks/:id/secret`. Who has a secret can forge requests: only for those who may change webhooks. */
@Controller('v1/webhooks')
export class SecretController {
  constructor(
    @Inject(ApiAccess) private readonly access: ApiAccess,
    @Inject(Webhooks) private readonly webhooks: Webhooks,
  ) {}

  @Get(':id/secret')
  async get(@Req() request: FastifyRequest, @Param('id') id: string): Promise<{ secret: string }> {
    const caller = await this.access.require(request, 'webhooks:write');
    return { secret: await this.webhooks.secret(caller, id) };
  }
}
