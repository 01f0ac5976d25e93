import { Body, Controller, Get, Header, HttpCode, Inject, Param, Post, Req } from '@nestjs/common';
import { rotateSecret } from '@postduif/contracts';
import type { SecretView } from '@postduif/contracts';
import type { FastifyRequest } from 'fastify';
import { ApiAccess } from '../accounts/api-access.js';
import { preconditionOf } from '../changes/precondition.js';
import { OncePerKey } from '../idempotency/once-per-key.js';
import { parseBody } from '../v1/parse-body.js';
import { Webhooks } from './webhooks.js';

/** `/v1/webhooks/:id/secret`. Who has a secret can forge requests: only for those who may change webhooks. */
@Controller('v1/webhooks')
export class SecretController {
  constructor(
    @Inject(ApiAccess) private readonly access: ApiAccess,
    @Inject(Webhooks) private readonly webhooks: Webhooks,
  ) {}

  @Get(':id/secret')
  @Header('cache-control', 'no-store')
  async get(@Req() request: FastifyRequest, @Param('id') id: string): Promise<SecretView> {
    const caller = await this.access.require(request, 'webhooks:write');
    return this.webhooks.secret(caller, id);
  }

  @Post(':id/secret/rotate')
  @OncePerKey()
  @HttpCode(200)
  @Header('cache-control', 'no-store')
  async rotate(@Req() request: FastifyRequest, @Param('id') id: string, @Body() body: unknown): Promise<SecretView> {
    const caller = await this.access.require(request, 'webhooks:write');
    return this.webhooks.rotateSecret(caller, id, parseBody(rotateSecret, body), preconditionOf(request));
  }
}
