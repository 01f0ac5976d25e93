import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Post, Req, Res } from '@nestjs/common';
import { createDomain } from '@postduif/contracts';
import type { DomainView } from '@postduif/contracts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiAccess } from '../accounts/api-access.js';
import { preconditionOf, showVersion } from '../changes/precondition.js';
import { OncePerKey } from '../idempotency/once-per-key.js';
import { parseBody } from '../v1/parse-body.js';
import { PublicAddress } from '../v4/public-address.js';
import { toDomainView } from './domain-record.js';
import { Domains, tagOf } from './domains.js';

/** `/v1/domains`: validated domains (spec section 7.2). */
@Controller('v1/domains')
export class DomainsController {
  constructor(
    @Inject(ApiAccess) private readonly access: ApiAccess,
    @Inject(Domains) private readonly domains: Domains,
    @Inject(PublicAddress) private readonly address: PublicAddress,
  ) {}

  /** 201, or 200 when the account has the domain already. */
  @Post()
  @OncePerKey()
  async add(
    @Req() request: FastifyRequest,
    @Body() body: unknown,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<DomainView> {
    const caller = await this.access.require(request, 'domains:write');
    const { domain, isNew } = await this.domains.add(caller, parseBody(createDomain, body).domain);
    void reply.status(isNew ? 201 : 200).header('location', this.address.of(request, `/v1/domains/${domain.domain}`));
    return toDomainView(domain);
  }

  @Get()
  async list(@Req() request: FastifyRequest): Promise<DomainView[]> {
    const caller = await this.access.require(request, 'domains:read');
    return (await this.domains.list(caller)).map(toDomainView);
  }

  @Get(':domain')
  async get(
    @Req() request: FastifyRequest,
    @Param('domain') name: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<DomainView | undefined> {
    const domain = await this.domains.get(await this.access.require(request, 'domains:read'), name);
    return showVersion(reply, tagOf(domain), toDomainView(domain));
  }

  @Post(':domain/validate')
  @HttpCode(200)
  async validate(@Req() request: FastifyRequest, @Param('domain') domain: string): Promise<DomainView> {
    const caller = await this.access.require(request, 'domains:write');
    return toDomainView(await this.domains.validate(caller, domain));
  }

  @Delete(':domain')
  @HttpCode(204)
  async delete(@Req() request: FastifyRequest, @Param('domain') domain: string): Promise<void> {
    const caller = await this.access.require(request, 'domains:write');
    await this.domains.delete(caller, domain, preconditionOf(request));
  }
}
