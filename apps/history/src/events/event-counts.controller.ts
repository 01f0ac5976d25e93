import { Controller, Get, Inject, Query, Req } from '@nestjs/common';
import { numericId, trigger } from '@postduif/contracts';
import type { EventCounts } from '@postduif/contracts';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { parseParameters } from '../listing/list-parameters.js';
import { ReadAccess } from '../listing/read-access.js';
import { EventCounter } from './event-counter.js';

const parameters = z.strictObject({
  type: trigger,
  database: numericId.optional(),
  collection: numericId.optional(),
});

/** `GET /v1/event-counts`. */
@Controller('v1/event-counts')
export class EventCountsController {
  constructor(
    @Inject(ReadAccess) private readonly access: ReadAccess,
    @Inject(EventCounter) private readonly counter: EventCounter,
  ) {}

  @Get()
  async get(@Req() request: FastifyRequest, @Query() query: unknown): Promise<EventCounts> {
    const account = await this.access.account(request);
    return this.counter.lastWeek(account, parseParameters(parameters, query));
  }
}
