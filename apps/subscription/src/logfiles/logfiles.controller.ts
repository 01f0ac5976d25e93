import { Controller, Get, Inject, Param, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Readable } from 'node:stream';
import type { z } from 'zod';
import { logfileQuery, logfilesQuery } from '@postduif/contracts';
import { ApiAccess } from '../accounts/api-access.js';
import { invalid } from '../v4/invalid.js';
import { inAllVersions, ofSmtpeter } from '../v4/versions.js';
import { HistoryApi } from './history-api.js';

const FORMATS = ['csv', 'json', 'xml'];

/** Copernica's and SMTPeter's methods for logfiles (spec section 10.3). History makes them. */
@Controller()
export class LogfilesController {
  constructor(
    @Inject(ApiAccess) private readonly access: ApiAccess,
    @Inject(HistoryApi) private readonly history: HistoryApi,
  ) {}

  /** Dates; with `date`, `type` or both, names. */
  @Get(inAllVersions('logfiles'))
  async list(
    @Req() request: FastifyRequest,
    @Query() query: unknown,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Readable> {
    const { date, type } = parse(logfilesQuery, query, 'date and type must be given once');
    const parameters = new URLSearchParams({ family: 'marketing-suite' });
    if (date !== undefined) parameters.set('date', date);
    if (type !== undefined) parameters.set('type', type);
    return this.#answer(request, reply, '', parameters);
  }

  @Get(inAllVersions('logfile/:name/:format'))
  async file(
    @Req() request: FastifyRequest,
    @Param('name') name: string,
    @Param('format') format: string,
    @Query() query: unknown,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Readable> {
    if (!FORMATS.includes(format)) throw invalid(`a logfile comes as ${FORMATS.join(', ')}`);
    const { header } = parse(logfileQuery, query, 'header must be 0 or 1');
    const withHeader = format === 'csv' && (header === '1' || header === 'true');
    return this.#answer(request, reply, `/${encodeURIComponent(name)}/${withHeader ? 'header' : format}`);
  }

  /** SMTPeter's: dates, the names of a date, or a file. */
  @Get(ofSmtpeter('logfiles', 'logfiles/:what', 'logfiles/:what/:format'))
  async smtpeter(
    @Req() request: FastifyRequest,
    @Param() { what, format }: { what?: string; format?: string },
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Readable> {
    const parts = [what, format].flatMap((part) => (part === undefined ? [] : [`/${encodeURIComponent(part)}`]));
    return this.#answer(request, reply, parts.join(''));
  }

  async #answer(
    request: FastifyRequest,
    reply: FastifyReply,
    path: string,
    query = new URLSearchParams(),
  ): Promise<Readable> {
    const token = await this.access.tokenFor(request, 'events:read');
    const { contentType, body } = await this.history.get(`/v1/logfiles${path}`, query, token);
    // Clients compare it literally.
    void reply.header('content-type', contentType.startsWith('application/json') ? 'application/json' : contentType);
    return body;
  }
}

function parse<S extends z.ZodType>(schema: S, query: unknown, complaint: string): z.output<S> {
  const result = schema.safeParse(query);
  if (!result.success) throw invalid(complaint);
  return result.data;
}
