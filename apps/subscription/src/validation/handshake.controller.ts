import { Controller, Get, Header, Headers, HttpCode, Inject, Post, Query } from '@nestjs/common';
import { ConsentCallback } from './consent-callback.js';

const ALLOWED_RATE = 'webhook-allowed-rate';

/** `/v1/handshake`: a receiver of CloudEvents agrees after it was asked, by GET (a person may do it) or POST. The key is the permission. */
@Controller('v1/handshake')
export class HandshakeController {
  constructor(@Inject(ConsentCallback) private readonly callback: ConsentCallback) {}

  @Get()
  @Header('cache-control', 'no-store')
  get(@Query('key') key: unknown, @Headers(ALLOWED_RATE) rate: string | undefined): Promise<{ granted: true }> {
    return this.#agree(key, rate);
  }

  @Post()
  @HttpCode(200)
  @Header('cache-control', 'no-store')
  post(@Query('key') key: unknown, @Headers(ALLOWED_RATE) rate: string | undefined): Promise<{ granted: true }> {
    return this.#agree(key, rate);
  }

  async #agree(key: unknown, rate: string | undefined): Promise<{ granted: true }> {
    await this.callback.agree(typeof key === 'string' ? key : '', rate);
    return { granted: true };
  }
}
