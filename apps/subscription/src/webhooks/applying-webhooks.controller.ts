import { Controller, Get, Inject, Param, Query, Req } from '@nestjs/common';
import { listQuery, numericId } from '@postduif/contracts';
import type { BoundWebhookPage } from '@postduif/contracts';
import type { FastifyRequest } from 'fastify';
import { ApiAccess } from '../accounts/api-access.js';
import { unknownName } from '../names/names.js';
import { pageOf } from '../v4/pages.js';
import { parse } from '../v4/parse.js';
import { inAllVersions } from '../v4/versions.js';
import { ApplyingWebhooks } from './applying-webhooks.js';
import type { Target } from './applying-webhooks.js';
import { toView } from './webhook.js';

/** All webhooks that apply to a database or a collection, in three groups (spec section 9). */
@Controller()
export class ApplyingWebhooksController {
  constructor(
    @Inject(ApiAccess) private readonly access: ApiAccess,
    @Inject(ApplyingWebhooks) private readonly applying: ApplyingWebhooks,
  ) {}

  @Get(inAllVersions('database/:id/webhooks'))
  ofDatabase(
    @Req() request: FastifyRequest,
    @Param('id') id: string,
    @Query() query: unknown,
  ): Promise<BoundWebhookPage> {
    return this.#list(request, 'database', id, query);
  }

  @Get(inAllVersions('collection/:id/webhooks'))
  ofCollection(
    @Req() request: FastifyRequest,
    @Param('id') id: string,
    @Query() query: unknown,
  ): Promise<BoundWebhookPage> {
    return this.#list(request, 'collection', id, query);
  }

  async #list(request: FastifyRequest, kind: Target['kind'], id: string, query: unknown): Promise<BoundWebhookPage> {
    const caller = await this.access.requireCompatible(request, 'webhooks:read');
    const number = numericId.safeParse(id);
    if (!number.success) throw unknownName(kind);
    const { trigger, start, limit, total: counted } = parse(listQuery, query);
    const { webhooks, groups } = await this.applying.list(caller, { kind, id: number.data }, { trigger, start, limit });
    const views = webhooks.map(({ bound, webhook }) => ({ ...toView(webhook), bound }));
    if (!counted) return pageOf({ start, limit }, views, undefined);
    return { ...pageOf({ start, limit }, views, groups.collection + groups.database + groups.account), groups };
  }
}
