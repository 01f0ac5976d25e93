import { Inject } from '@nestjs/common';
import { GrpcMethod } from '@nestjs/microservices';
import type { Metadata } from '@grpc/grpc-js';
import { z } from 'zod';
import { ApiAccess } from '../accounts/api-access.js';
import { Callers, tokenOf } from './callers.js';
import type { UnaryCall } from './callers.js';
import { GrpcController } from './grpc-errors.js';
import { parseMessage } from './parse-message.js';

/** `CheckTokenResponse`. */
export interface TokenMessage {
  readonly active: boolean;
  readonly account: string;
  readonly token_id: string;
  readonly scopes: readonly string[];
}

const checkTokenRequest = z.object({ token: z.string().max(4_096) });
const INACTIVE: TokenMessage = { active: false, account: '', token_id: '', scopes: [] };

/** `postduif.config.v1.AccessService`. */
@GrpcController()
export class AccessService {
  constructor(
    @Inject(Callers) private readonly callers: Callers,
    @Inject(ApiAccess) private readonly access: ApiAccess,
  ) {}

  @GrpcMethod('AccessService', 'CheckToken')
  check(request: unknown, _metadata: Metadata, call: UnaryCall): Promise<TokenMessage> {
    return this.callers.perform(call, undefined, async () => {
      const { token } = parseMessage(checkTokenRequest, request);
      const access = await this.access.find(token === '' ? (tokenOf(call) ?? '') : token);
      if (access === undefined) return INACTIVE;
      return { active: true, account: access.account, token_id: access.token, scopes: access.scopes };
    });
  }
}
