import { Controller, Get, Inject, Query, Req } from '@nestjs/common';
import { adviceQuery } from '@postduif/contracts';
import type { AdviceView } from '@postduif/contracts';
import type { FastifyRequest } from 'fastify';
import { ApiAccess } from '../accounts/api-access.js';
import { parseBody } from '../v1/parse-body.js';
import { VolumeAdvice } from './volume-advice.js';

/** `GET /v1/webhooks/advice`: what to think of before a webhook is made. */
@Controller('v1/webhooks')
export class VolumeAdviceController {
  constructor(
    @Inject(ApiAccess) private readonly access: ApiAccess,
    @Inject(VolumeAdvice) private readonly advice: VolumeAdvice,
  ) {}

  @Get('advice')
  async get(@Req() request: FastifyRequest, @Query() query: unknown): Promise<AdviceView> {
    await this.access.require(request, 'webhooks:read');
    return this.advice.of(request.headers.authorization ?? '', parseBody(adviceQuery, query));
  }
}
