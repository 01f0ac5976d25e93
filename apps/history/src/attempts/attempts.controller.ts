import { Controller, Get, Headers, Inject, Query } from '@nestjs/common';
import { trigger } from '@postduif/contracts';
import type { Attempt } from '@postduif/contracts';
import { z } from 'zod';
import { pageParameters, parseParameters, searchText } from '../listing/list-parameters.js';
import type { Page } from '../listing/list-query.js';
import { ReadAccess } from '../listing/read-access.js';
import { AttemptStore } from './attempt-store.js';

const listParameters = z.strictObject({
  webhook: searchText.optional(),
  event: searchText.optional(),
  trigger: trigger.optional(),
  outcome: z.enum(['delivered', 'retrying', 'dead'], 'must be delivered, retrying or dead').optional(),
  status: z
    .string('give it once')
    .regex(/^[1-9]\d\d$/, 'must be an HTTP status such as 500')
    .transform(Number)
    .optional(),
  error: searchText.optional(),
  ...pageParameters,
});

/** `GET /v1/attempts`. */
@Controller('v1/attempts')
export class AttemptsController {
  constructor(
    @Inject(ReadAccess) private readonly access: ReadAccess,
    @Inject(AttemptStore) private readonly attempts: AttemptStore,
  ) {}

  @Get()
  async list(
    @Headers('authorization') authorization: string | undefined,
    @Query() query: unknown,
  ): Promise<Page<Attempt>> {
    const account = await this.access.account(authorization);
    const { after, before, limit, cursor, ...filter } = parseParameters(listParameters, query);
    return this.attempts.list(account, filter, { after, before, limit, cursor });
  }
}
