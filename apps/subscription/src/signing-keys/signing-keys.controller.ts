import { Body, Controller, Get, Inject, Post, Req, Res } from '@nestjs/common';
import { createSigningKey } from '@postduif/contracts';
import type { SigningKeyView } from '@postduif/contracts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiAccess } from '../accounts/api-access.js';
import { OncePerKey } from '../idempotency/once-per-key.js';
import { parseBody } from '../v1/parse-body.js';
import { SigningKeys } from './signing-keys.js';

/** `/v1/signing-keys`: what has to be in DNS. */
@Controller('v1/signing-keys')
export class SigningKeysController {
  constructor(
    @Inject(ApiAccess) private readonly access: ApiAccess,
    @Inject(SigningKeys) private readonly keys: SigningKeys,
  ) {}

  /** The keys of the installation and of the caller's account, the newest first. */
  @Get()
  async list(@Req() request: FastifyRequest): Promise<SigningKeyView[]> {
    return this.keys.list(await this.access.require(request, 'keys:read'));
  }

  /** 201, or 200 when the account has a key under the domain already. */
  @Post()
  @OncePerKey()
  async create(
    @Req() request: FastifyRequest,
    @Body() body: unknown,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<SigningKeyView> {
    const caller = await this.access.require(request, 'keys:write');
    const { key, isNew } = await this.keys.create(caller, parseBody(createSigningKey, body).domain);
    void reply.status(isNew ? 201 : 200);
    return key;
  }
}
