import { Controller, Get, Header, Inject, Param, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { ApiDescription } from './api-description.js';

/** What the API is like, for programs and for people. */
@Controller()
export class ApiDescriptionController {
  constructor(@Inject(ApiDescription) private readonly description: ApiDescription) {}

  @Get('v1/openapi.json')
  openApi(): object {
    return this.description.openApi;
  }

  @Get('v1/asyncapi.json')
  asyncApi(): object {
    return this.description.asyncApi;
  }

  @Get('docs')
  @Header('content-type', 'text/html; charset=utf-8')
  page(@Res({ passthrough: true }) reply: FastifyReply): string {
    void reply.header('content-security-policy', this.description.policy);
    return this.description.page;
  }

  @Get('docs/:file')
  file(@Param('file') name: string, @Res({ passthrough: true }) reply: FastifyReply): string {
    const { type, text } = this.description.file(name);
    void reply.headers({ 'content-type': `${type}; charset=utf-8`, 'x-content-type-options': 'nosniff' });
    return text;
  }
}
