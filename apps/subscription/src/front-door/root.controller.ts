import { Controller, Get } from '@nestjs/common';

/** `GET /`: what this is. */
@Controller()
export class RootController {
  @Get()
  describe(): { name: string; service: string; apis: string[] } {
    return { name: 'Postduif', service: 'subscription', apis: ['/v1', '/v2', '/v3', '/v4'] };
  }
}
