import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query, Req } from '@nestjs/common';
import { sampleQuery, testCall } from '@postduif/contracts';
import type { SampleView, TestReport } from '@postduif/contracts';
import type { FastifyRequest } from 'fastify';
import { ApiAccess } from '../accounts/api-access.js';
import { parse } from '../v4/parse.js';
import { ofWebhook } from '../v4/versions.js';
import { TestCalls } from './test-calls.js';
import { toReport } from './test-report.js';

/** The test tool of a webhook (spec section 9). A receiver that fails is a test that has worked: 200, with the outcome inside. */
@Controller()
export class TestCallsController {
  constructor(
    @Inject(ApiAccess) private readonly access: ApiAccess,
    @Inject(TestCalls) private readonly tests: TestCalls,
  ) {}

  @Post(ofWebhook('/test'))
  @HttpCode(200)
  async test(@Req() request: FastifyRequest, @Param('id') id: string, @Body() body: unknown): Promise<TestReport> {
    const caller = await this.access.requireCompatible(request, 'webhooks:write');
    return toReport(await this.tests.test(caller, id, parse(testCall, body)));
  }

  @Get(ofWebhook('/sample'))
  async sample(@Req() request: FastifyRequest, @Param('id') id: string, @Query() query: unknown): Promise<SampleView> {
    const caller = await this.access.requireCompatible(request, 'webhooks:read');
    return this.tests.sample(caller, id, parse(sampleQuery, query).about);
  }
}
