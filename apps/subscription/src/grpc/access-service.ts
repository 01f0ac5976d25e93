import { Inject } from '@nestjs/common';
import { GrpcMethod } from '@nestjs/microservices';
import type { Metadata } from '@grpc/grpc-js';
import { z } from 'zod';
import { AccountStore } from '../accounts/account-store.js';
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
    @Inject(AccountStore) private readonly accounts: AccountStore,
  ) {}

  @GrpcMethod('AccessService', 'CheckToken')
  check(request: unknown, _metadata: Metadata, call: UnaryCall): Promise<TokenMessage> {
    return this.callers.perform(call, undefined, async () => {
      const { token } = parseMessage(checkTokenRequest, request);
      const access = await this.accounts.accessOf(token === '' ? (tokenOf(call) ?? '') : token);
      if (access === undefined) return INACTIVE;
      return { active: true, account: access.account, token_id: access.token, scopes: access.scopes };
    });
  }
}
