import { Controller, Get, Header, HttpStatus, Inject, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Registry } from 'prom-client';
import { Health } from './health.js';
import type { HealthReport } from './health.js';

/** `/live`, `/ready` and `/metrics` of every service. */
@Controller()
export class HealthController {
  constructor(
    @Inject(Health) private readonly health: Health,
    @Inject(Registry) private readonly metrics: Registry,
  ) {}

  @Get('live')
  live(@Res({ passthrough: true }) reply: FastifyReply): HealthReport {
    return answer(reply, this.health.live());
  }

  @Get('ready')
  ready(@Res({ passthrough: true }) reply: FastifyReply): HealthReport {
    return answer(reply, this.health.ready());
  }

  @Get('metrics')
  @Header('content-type', 'text/plain; version=0.0.4; charset=utf-8')
  async prometheus(): Promise<string> {
    return this.metrics.metrics();
  }
}

function answer(reply: FastifyReply, report: HealthReport): HealthReport {
  void reply.status(report.ok ? HttpStatus.OK : HttpStatus.SERVICE_UNAVAILABLE).header('cache-control', 'no-store');
  return report;
}
