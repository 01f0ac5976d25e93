import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Put, Req, Res } from '@nestjs/common';
import { putEventType } from '@postduif/contracts';
import type { EventTypeView } from '@postduif/contracts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiAccess } from '../accounts/api-access.js';
import { preconditionOf, showVersion } from '../changes/precondition.js';
import { parseBody } from '../v1/parse-body.js';
import { PublicAddress } from '../v4/public-address.js';
import { EventTypes, tagOf, toEventTypeView } from './event-types.js';

/** `/v1/event-types`: what an account says of event types of its own. */
@Controller('v1/event-types')
export class EventTypesController {
  constructor(
    @Inject(ApiAccess) private readonly access: ApiAccess,
    @Inject(EventTypes) private readonly types: EventTypes,
    @Inject(PublicAddress) private readonly address: PublicAddress,
  ) {}

  @Get()
  async list(@Req() request: FastifyRequest): Promise<EventTypeView[]> {
    return this.types.list(await this.access.require(request, 'event-types:read'));
  }

  @Get(':name')
  async get(
    @Req() request: FastifyRequest,
    @Param('name') name: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<EventTypeView | undefined> {
    const type = await this.types.get(await this.access.require(request, 'event-types:read'), name);
    return showVersion(reply, tagOf(type), toEventTypeView(type));
  }

  /** 201 for a new one, else 200. */
  @Put(':name')
  async put(
    @Req() request: FastifyRequest,
    @Param('name') name: string,
    @Body() body: unknown,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<EventTypeView> {
    const caller = await this.access.require(request, 'event-types:write');
    const { type, isNew } = await this.types.put(caller, name, parseBody(putEventType, body), preconditionOf(request));
    void reply.status(isNew ? 201 : 200).header('location', this.address.of(request, `/v1/event-types/${name}`));
    return type;
  }

  @Delete(':name')
  @HttpCode(204)
  async delete(@Req() request: FastifyRequest, @Param('name') name: string): Promise<void> {
    await this.types.delete(await this.access.require(request, 'event-types:write'), name, preconditionOf(request));
  }
}
