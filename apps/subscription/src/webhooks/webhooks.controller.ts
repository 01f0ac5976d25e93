import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Post, Put, Query, Req, Res } from '@nestjs/common';
import { createWebhook, listQuery, updateWebhook } from '@postduif/contracts';
import type { Page, WebhookView } from '@postduif/contracts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiAccess } from '../accounts/api-access.js';
import { entityTag, preconditionOf, showVersion } from '../changes/precondition.js';
import { OncePerKey } from '../idempotency/once-per-key.js';
import { sayCreated } from '../v4/created.js';
import { pageOf } from '../v4/pages.js';
import { parse } from '../v4/parse.js';
import { inAllVersions, ofSmtpeter, ofWebhook } from '../v4/versions.js';
import { PublicAddress } from '../v4/public-address.js';
import { toView } from './webhook.js';
import { Webhooks } from './webhooks.js';

/** Copernica's and SMTPeter's methods for webhooks (spec section 10.2). */
@Controller()
export class WebhooksController {
  constructor(
    @Inject(ApiAccess) private readonly access: ApiAccess,
    @Inject(Webhooks) private readonly webhooks: Webhooks,
    @Inject(PublicAddress) private readonly address: PublicAddress,
  ) {}

  @Post([...inAllVersions('webhooks'), ...ofSmtpeter('webhook', 'feedbackloop')])
  @HttpCode(201)
  @OncePerKey()
  async create(
    @Req() request: FastifyRequest,
    @Body() body: unknown,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    const caller = await this.access.requireCompatible(request, 'webhooks:write');
    const { id } = await this.webhooks.create(caller, parse(createWebhook, body));
    sayCreated(reply, id, this.address.entity(request, `webhook/${id}`));
  }

  @Get([...inAllVersions('webhooks'), ...ofSmtpeter('webhooks', 'feedbackloops')])
  async list(@Req() request: FastifyRequest, @Query() query: unknown): Promise<Page<WebhookView>> {
    const { account } = await this.access.requireCompatible(request, 'webhooks:read');
    const { trigger, start, limit, total: counted } = parse(listQuery, query);
    const { webhooks, total } = await this.webhooks.list({ account, trigger }, { start, limit, total: counted });
    return pageOf({ start, limit }, webhooks.map(toView), total);
  }

  @Get(ofWebhook())
  async get(
    @Req() request: FastifyRequest,
    @Param('id') id: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<WebhookView | undefined> {
    const caller = await this.access.requireCompatible(request, 'webhooks:read');
    const webhook = await this.webhooks.get(caller, id);
    return showVersion(reply, entityTag(webhook.version), toView(webhook));
  }

  @Put(ofWebhook())
  @HttpCode(204)
  async change(@Req() request: FastifyRequest, @Param('id') id: string, @Body() body: unknown): Promise<void> {
    const caller = await this.access.requireCompatible(request, 'webhooks:write');
    await this.webhooks.change(caller, id, parse(updateWebhook, body), preconditionOf(request));
  }

  /** The way back when a receiver was gone (410). */
  @Post(ofWebhook('/enable'))
  @HttpCode(204)
  async enable(@Req() request: FastifyRequest, @Param('id') id: string): Promise<void> {
    const caller = await this.access.requireCompatible(request, 'webhooks:write');
    await this.webhooks.change(caller, id, { state: 'enabled' }, preconditionOf(request));
  }

  @Delete(ofWebhook())
  @HttpCode(204)
  async delete(
    @Req() request: FastifyRequest,
    @Param('id') id: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    const caller = await this.access.requireCompatible(request, 'webhooks:write');
    await this.webhooks.delete(caller, id, preconditionOf(request));
    void reply.header('x-deleted', `webhook ${id}`);
  }
}
