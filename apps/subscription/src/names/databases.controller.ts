import { Body, Controller, Get, HttpCode, Inject, Param, Post, Put, Query, Req, Res } from '@nestjs/common';
import { createTitled, registerTitled, renameTitled } from '@postduif/contracts';
import type { Page, TitledView } from '@postduif/contracts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { OncePerKey } from '../idempotency/once-per-key.js';
import { inAllVersions } from '../v4/versions.js';
import { NameRequests } from './name-requests.js';
import { toCollection, toDatabase } from './name-views.js';

const DATABASES = { kind: 'database' } as const;

function collectionsOf(id: string) {
  return { kind: 'collection', parent: { kind: 'database', id } } as const;
}

/** Databases and collections: POST gives out an id, PUT on a list names one that the producer of the events has given out. */
@Controller()
export class DatabasesController {
  constructor(@Inject(NameRequests) private readonly requests: NameRequests) {}

  @Get(inAllVersions('databases'))
  list(@Req() request: FastifyRequest, @Query() query: unknown): Promise<Page<TitledView>> {
    return this.requests.list(request, DATABASES, toDatabase, query);
  }

  @Post(inAllVersions('databases'))
  @OncePerKey()
  create(
    @Req() request: FastifyRequest,
    @Body() body: unknown,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    return this.requests.create(request, reply, DATABASES, { schema: createTitled, body, entity: 'database' });
  }

  @Put(inAllVersions('databases'))
  @HttpCode(204)
  register(
    @Req() request: FastifyRequest,
    @Body() body: unknown,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    return this.requests.register(request, reply, DATABASES, { schema: registerTitled, body, entity: 'database' });
  }

  @Get(inAllVersions('database/:id'))
  get(
    @Req() request: FastifyRequest,
    @Param('id') id: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TitledView | undefined> {
    return this.requests.get(request, reply, { ...DATABASES, id }, toDatabase);
  }

  @Put(inAllVersions('database/:id'))
  @HttpCode(204)
  change(@Req() request: FastifyRequest, @Param('id') id: string, @Body() body: unknown): Promise<void> {
    return this.requests.change(request, { ...DATABASES, id }, renameTitled, body);
  }

  @Get(inAllVersions('database/:id/collections'))
  listCollections(
    @Req() request: FastifyRequest,
    @Param('id') id: string,
    @Query() query: unknown,
  ): Promise<Page<TitledView>> {
    return this.requests.list(request, collectionsOf(id), toCollection, query);
  }

  @Post(inAllVersions('database/:id/collections'))
  @OncePerKey()
  createCollection(
    @Req() request: FastifyRequest,
    @Param('id') id: string,
    @Body() body: unknown,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    return this.requests.create(request, reply, collectionsOf(id), {
      ...{ schema: createTitled, body, entity: 'collection' },
    });
  }

  @Put(inAllVersions('database/:id/collections'))
  @HttpCode(204)
  registerCollection(
    @Req() request: FastifyRequest,
    @Param('id') id: string,
    @Body() body: unknown,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    return this.requests.register(request, reply, collectionsOf(id), {
      ...{ schema: registerTitled, body, entity: 'collection' },
    });
  }

  @Get(inAllVersions('collection/:id'))
  getCollection(
    @Req() request: FastifyRequest,
    @Param('id') id: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TitledView | undefined> {
    return this.requests.get(request, reply, { kind: 'collection', id }, toCollection);
  }

  @Put(inAllVersions('collection/:id'))
  @HttpCode(204)
  changeCollection(@Req() request: FastifyRequest, @Param('id') id: string, @Body() body: unknown): Promise<void> {
    return this.requests.change(request, { kind: 'collection', id }, renameTitled, body);
  }
}
