import { Controller, Get, Inject, Query, Req } from '@nestjs/common';
import { attemptsQuery } from '@postduif/contracts';
import type { Attempt } from '@postduif/contracts';
import type { FastifyRequest } from 'fastify';
import { parseParameters } from '../listing/list-parameters.js';
import type { Page } from '../listing/list-query.js';
import { ReadAccess } from '../listing/read-access.js';
import { AttemptStore } from './attempt-store.js';

/** `GET /v1/attempts`. */
@Controller('v1/attempts')
export class AttemptsController {
  constructor(
    @Inject(ReadAccess) private readonly access: ReadAccess,
    @Inject(AttemptStore) private readonly attempts: AttemptStore,
  ) {}

  @Get()
  async list(@Req() request: FastifyRequest, @Query() query: unknown): Promise<Page<Attempt>> {
    const account = await this.access.account(request);
    const { after, before, limit, cursor, ...filter } = parseParameters(attemptsQuery, query);
    return this.attempts.list(account, filter, { after, before, limit, cursor });
  }
}
