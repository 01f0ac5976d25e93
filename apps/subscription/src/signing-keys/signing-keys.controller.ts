import { Controller, Get, Inject, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { ApiAccess } from '../accounts/api-access.js';
import { SigningKeyStore } from './signing-key-store.js';
import type { SigningKeyView } from './signing-key-store.js';

/** `GET /v1/signing-keys`: what has to be in DNS. */
@Controller('v1/signing-keys')
export class SigningKeysController {
  constructor(
    @Inject(ApiAccess) private readonly access: ApiAccess,
    @Inject(SigningKeyStore) private readonly keys: SigningKeyStore,
  ) {}

  @Get()
  async list(@Req() request: FastifyRequest): Promise<SigningKeyView[]> {
    await this.access.require(request, 'keys:read');
    return this.keys.list();
  }
}
