import { Controller, Get, Inject, Req } from '@nestjs/common';
import type { SigningKeyView } from '@postduif/contracts';
import type { FastifyRequest } from 'fastify';
import { ApiAccess } from '../accounts/api-access.js';
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
}
