import { Controller, Get, Inject, Query, Req } from '@nestjs/common';
import { auditQuery } from '@postduif/contracts';
import type { AuditEntry } from '@postduif/contracts';
import type { FastifyRequest } from 'fastify';
import { ApiAccess } from '../accounts/api-access.js';
import { parseBody } from '../v1/parse-body.js';
import { AuditLog } from './audit-log.js';

/** `GET /v1/audit`: the changes of the caller's account. */
@Controller('v1/audit')
export class AuditController {
  constructor(
    @Inject(ApiAccess) private readonly access: ApiAccess,
    @Inject(AuditLog) private readonly log: AuditLog,
  ) {}

  @Get()
  async list(
    @Req() request: FastifyRequest,
    @Query() query: unknown,
  ): Promise<{ data: AuditEntry[]; next: string | null }> {
    const { account } = await this.access.require(request, 'audit:read');
    return this.log.list(account, parseBody(auditQuery, query));
  }
}
