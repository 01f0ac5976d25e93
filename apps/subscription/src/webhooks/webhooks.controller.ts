import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Post, Put, Query, Req, Res } from '@nestjs/common';
import {
  ApiError,
  createWebhook,
  fieldErrors,
  listQuery,
  numericId,
  plainMessage,
  updateWebhook,
} from '@postduif/contracts';
import type { WebhookView } from '@postduif/contracts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { ApiAccess } from '../accounts/api-access.js';
import { andMore } from '../v4/paths.js';
import { PublicAddress } from '../v4/public-address.js';
import { invalid, toView } from './webhook.js';
import { Webhooks } from './webhooks.js';

interface WebhookPage {
  readonly start: number;
  readonly limit: number;
  readonly count: number;
  readonly total?: number;
  readonly data: readonly WebhookView[];
}

/** Copernica's methods for webhooks (spec section 10.2). */
@Controller('v4')
export class WebhooksController {
  constructor(
    @Inject(ApiAccess) private readonly access: ApiAccess,
    @Inject(Webhooks) private readonly webhooks: Webhooks,
    @Inject(PublicAddress) private readonly address: PublicAddress,
  ) {}

  @Post(andMore('webhooks'))
  @HttpCode(201)
  async create(
    @Req() request: FastifyRequest,
    @Body() body: unknown,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    const caller = await this.access.requireV4(request, 'webhooks:write');
    const { id } = await this.webhooks.create(caller, parse(createWebhook, body));
    const location = this.address.of(request, `/v4/webhook/${id}`);
    void reply.headers({ 'x-created': id, 'x-location': location, location });
  }

  @Get(andMore('webhooks'))
  list(@Req() request: FastifyRequest, @Query() query: unknown): Promise<WebhookPage> {
    return this.#list(request, query, {});
  }

  /** The webhooks that are limited to a database. */
  @Get(andMore('database/:id/webhooks'))
  listOfDatabase(
    @Req() request: FastifyRequest,
    @Param('id') id: string,
    @Query() query: unknown,
  ): Promise<WebhookPage> {
    return this.#list(request, query, { database: numberOf(id, 'No database with supplied ID') });
  }

  /** The webhooks that are limited to a collection. */
  @Get(andMore('collection/:id/webhooks'))
  listOfCollection(
    @Req() request: FastifyRequest,
    @Param('id') id: string,
    @Query() query: unknown,
  ): Promise<WebhookPage> {
    return this.#list(request, query, { collection: numberOf(id, 'No collection with given ID') });
  }

  @Get(andMore('webhook/:id'))
  async get(@Req() request: FastifyRequest, @Param('id') id: string): Promise<WebhookView> {
    const caller = await this.access.requireV4(request, 'webhooks:read');
    return toView(await this.webhooks.get(caller, id));
  }

  @Put(andMore('webhook/:id'))
  @HttpCode(204)
  async change(@Req() request: FastifyRequest, @Param('id') id: string, @Body() body: unknown): Promise<void> {
    const caller = await this.access.requireV4(request, 'webhooks:write');
    await this.webhooks.change(caller, id, parse(updateWebhook, body));
  }

  @Delete(andMore('webhook/:id'))
  @HttpCode(204)
  async delete(
    @Req() request: FastifyRequest,
    @Param('id') id: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    const caller = await this.access.requireV4(request, 'webhooks:write');
    await this.webhooks.delete(caller, id);
    void reply.header('x-deleted', `webhook ${id}`);
  }

  async #list(
    request: FastifyRequest,
    query: unknown,
    limits: { readonly database?: number; readonly collection?: number },
  ): Promise<WebhookPage> {
    const { account } = await this.access.requireV4(request, 'webhooks:read');
    const { trigger, start, limit, total: counted } = parse(listQuery, query);
    const listing = { account, trigger, ...limits };
    const { webhooks, total } = await this.webhooks.list(listing, { start, limit, total: counted });
    const data = webhooks.map(toView);
    return { start, limit, count: data.length, ...(total === undefined ? {} : { total }), data };
  }
}

/** The id of a database or collection in a path. */
function numberOf(id: string, message: string): number {
  const number = numericId.safeParse(id);
  if (!number.success) throw new ApiError('not_found', message);
  return number.data;
}

function parse<S extends z.ZodType>(schema: S, given: unknown): z.output<S> {
  const result = schema.safeParse(given ?? {}, { error: plainMessage });
  if (result.success) return result.data;
  const problems = fieldErrors(result.error).map(({ path, message }) =>
    path === '' ? message : `${path}: ${message}`,
  );
  throw invalid(problems.join('; '));
}
