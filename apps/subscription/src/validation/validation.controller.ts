import { Controller, Get, HttpCode, Inject, Param, Post, Req } from '@nestjs/common';
import type { HandshakeView, ValidationReport, ValidationView } from '@postduif/contracts';
import type { FastifyRequest } from 'fastify';
import { ApiAccess } from '../accounts/api-access.js';
import { entityTag, preconditionOf } from '../changes/precondition.js';
import { ofWebhook } from '../v4/versions.js';
import type { Webhook } from '../webhooks/webhook.js';
import { Webhooks } from '../webhooks/webhooks.js';
import { HandlerValidation } from './handler-validation.js';
import { fileLocations } from './verification-file.js';

/** The verification file of a handler: what to put where, and looking whether it is there; and the handshake of CloudEvents. */
@Controller()
export class ValidationController {
  constructor(
    @Inject(ApiAccess) private readonly access: ApiAccess,
    @Inject(Webhooks) private readonly webhooks: Webhooks,
    @Inject(HandlerValidation) private readonly validation: HandlerValidation,
  ) {}

  @Get(ofWebhook('/validation'))
  async get(@Req() request: FastifyRequest, @Param('id') id: string): Promise<ValidationView> {
    const caller = await this.access.requireCompatible(request, 'webhooks:write');
    const webhook = await this.webhooks.get(caller, id);
    const { handler, verification, validated, validatedAt } = webhook;
    const { name, line } = verification;
    return {
      file: { name, contents: line },
      locations: fileLocations(handler, name),
      validated,
      validatedAt: validatedAt?.toISOString() ?? null,
      handshake: handshakeView(webhook),
    };
  }

  @Post(ofWebhook('/validate'))
  @HttpCode(200)
  async validate(@Req() request: FastifyRequest, @Param('id') id: string): Promise<ValidationReport> {
    const caller = await this.access.requireCompatible(request, 'webhooks:write');
    preconditionOf(request)(entityTag((await this.webhooks.get(caller, id)).version));
    return this.validation.validate(caller, id);
  }
}

function handshakeView({ origin, consent }: Webhook): HandshakeView | null {
  if (origin === null) return null;
  const { at, rate } = consent ?? { at: null, rate: null };
  return { origin, granted: consent !== null, grantedAt: at?.toISOString() ?? null, allowedRate: rate };
}
