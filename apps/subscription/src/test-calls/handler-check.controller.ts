import { Body, Controller, HttpCode, Inject, Post, Req } from '@nestjs/common';
import { checkCall } from '@postduif/contracts';
import type { CheckReport } from '@postduif/contracts';
import type { FastifyRequest } from 'fastify';
import { ApiAccess } from '../accounts/api-access.js';
import { parseBody } from '../v1/parse-body.js';
import { HandlerCheck } from './handler-check.js';

/** `POST /v1/webhooks/check`. */
@Controller('v1/webhooks')
export class HandlerCheckController {
  constructor(
    @Inject(ApiAccess) private readonly access: ApiAccess,
    @Inject(HandlerCheck) private readonly checks: HandlerCheck,
  ) {}

  @Post('check')
  @HttpCode(200)
  async check(@Req() request: FastifyRequest, @Body() body: unknown): Promise<CheckReport> {
    const caller = await this.access.require(request, 'webhooks:write');
    const { trigger, after } = parseBody(checkCall, body);
    return this.checks.check(caller, { trigger, after });
  }
}
