import { Body, Controller, Get, HttpCode, Inject, Param, Post, Put, Query, Req, Res } from '@nestjs/common';
import { changeInterest, createInterest } from '@postduif/contracts';
import type { InterestView, Page } from '@postduif/contracts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { OncePerKey } from '../idempotency/once-per-key.js';
import { inAllVersions } from '../v4/versions.js';
import { NameRequests } from './name-requests.js';
import { toInterest } from './name-views.js';

function interestsOf(id: string) {
  return { kind: 'interest', parent: { kind: 'database', id } } as const;
}

/** The interests of databases, alone or in groups. */
@Controller()
export class InterestsController {
  constructor(@Inject(NameRequests) private readonly requests: NameRequests) {}

  @Get(inAllVersions('database/:id/interests'))
  list(@Req() request: FastifyRequest, @Param('id') id: string, @Query() query: unknown): Promise<Page<InterestView>> {
    return this.requests.list(request, interestsOf(id), toInterest, query);
  }

  @Post(inAllVersions('database/:id/interests'))
  @OncePerKey()
  create(
    @Req() request: FastifyRequest,
    @Param('id') id: string,
    @Body() body: unknown,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    return this.requests.create(request, reply, interestsOf(id), { schema: createInterest, body, entity: 'interest' });
  }

  @Get(inAllVersions('interest/:id'))
  get(
    @Req() request: FastifyRequest,
    @Param('id') id: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<InterestView | undefined> {
    return this.requests.get(request, reply, { kind: 'interest', id }, toInterest);
  }

  @Put(inAllVersions('interest/:id'))
  @HttpCode(204)
  change(@Req() request: FastifyRequest, @Param('id') id: string, @Body() body: unknown): Promise<void> {
    return this.requests.change(request, { kind: 'interest', id }, changeInterest, body);
  }
}
