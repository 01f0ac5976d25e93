import { Body, Controller, Get, HttpCode, Inject, Param, Post, Put, Query, Req, Res } from '@nestjs/common';
import { createField, renameField } from '@postduif/contracts';
import type { FieldView, Page } from '@postduif/contracts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { OncePerKey } from '../idempotency/once-per-key.js';
import { inAllVersions } from '../v4/versions.js';
import { NameRequests } from './name-requests.js';
import type { Parent } from './name-requests.js';
import { toField } from './name-views.js';

/** The fields of databases and collections. */
@Controller()
export class FieldsController {
  constructor(@Inject(NameRequests) private readonly requests: NameRequests) {}

  @Get([...inAllVersions('database/:database/fields'), ...inAllVersions('collection/:collection/fields')])
  list(@Req() request: FastifyRequest, @Param() path: FieldPath, @Query() query: unknown): Promise<Page<FieldView>> {
    return this.requests.list(request, { kind: 'field', parent: parentIn(path) }, toField, query);
  }

  @Post([...inAllVersions('database/:database/fields'), ...inAllVersions('collection/:collection/fields')])
  @OncePerKey()
  create(
    @Req() request: FastifyRequest,
    @Param() path: FieldPath,
    @Body() body: unknown,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    const parent = parentIn(path);
    return this.requests.create(
      request,
      reply,
      { kind: 'field', parent },
      { schema: createField, body, entity: `${parent.kind}/${parent.id}/field` },
    );
  }

  @Get([...inAllVersions('database/:database/field/:id'), ...inAllVersions('collection/:collection/field/:id')])
  get(
    @Req() request: FastifyRequest,
    @Param() path: FieldPath,
    @Param('id') id: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<FieldView | undefined> {
    return this.requests.get(request, reply, { kind: 'field', parent: parentIn(path), id }, toField);
  }

  @Put([...inAllVersions('database/:database/field/:id'), ...inAllVersions('collection/:collection/field/:id')])
  @HttpCode(204)
  change(
    @Req() request: FastifyRequest,
    @Param() path: FieldPath,
    @Param('id') id: string,
    @Body() body: unknown,
  ): Promise<void> {
    return this.requests.change(request, { kind: 'field', parent: parentIn(path), id }, renameField, body);
  }
}

interface FieldPath {
  readonly database?: string;
  readonly collection?: string;
}

function parentIn({ database, collection }: FieldPath): Parent {
  return database === undefined ? { kind: 'collection', id: collection ?? '' } : { kind: 'database', id: database };
}
