import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Post, Put, Query, Req, Res } from '@nestjs/common';
import { createWebhook, fieldErrors, listQuery, plainMessage, updateWebhook } from '@postduif/contracts';
import type { WebhookView } from '@postduif/contracts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { ApiAccess } from '../accounts/api-access.js';
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

  @Post('webhooks')
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

  @Get('webhooks')
  async list(@Req() request: FastifyRequest, @Query() query: unknown): Promise<WebhookPage> {
    const { account } = await this.access.requireV4(request, 'webhooks:read');
    const { trigger, start, limit, total: counted } = parse(listQuery, query);
    const { webhooks, total } = await this.webhooks.list({ account, trigger }, { start, limit, total: counted });
    const data = webhooks.map(toView);
    return { start, limit, count: data.length, ...(total === undefined ? {} : { total }), data };
  }

  @Get('webhook/:id')
  async get(@Req() request: FastifyRequest, @Param('id') id: string): Promise<WebhookView> {
    const caller = await this.access.requireV4(request, 'webhooks:read');
    return toView(await this.webhooks.get(caller, id));
  }

  @Put('webhook/:id')
  @HttpCode(204)
  async change(@Req() request: FastifyRequest, @Param('id') id: string, @Body() body: unknown): Promise<void> {
    const caller = await this.access.requireV4(request, 'webhooks:write');
    await this.webhooks.change(caller, id, parse(updateWebhook, body));
  }

  @Delete('webhook/:id')
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
}

function parse<S extends z.ZodType>(schema: S, given: unknown): z.output<S> {
  const result = schema.safeParse(given ?? {}, { error: plainMessage });
  if (result.success) return result.data;
  const problems = fieldErrors(result.error).map(({ path, message }) =>
    path === '' ? message : `${path}: ${message}`,
  );
  throw invalid(problems.join('; '));
}
