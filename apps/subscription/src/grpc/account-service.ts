import { Inject } from '@nestjs/common';
import { GrpcMethod } from '@nestjs/microservices';
import type { Metadata } from '@grpc/grpc-js';
import type { Access } from '@postduif/access';
import { ApiError } from '@postduif/contracts';
import { AccountStore } from '../accounts/account-store.js';
import { Callers } from './callers.js';
import type { UnaryCall } from './callers.js';
import { GrpcController } from './grpc-errors.js';

/** `postduif.config.v1.Account`. */
export interface AccountMessage {
  readonly id: string;
  readonly name: string;
  readonly copernica_id: string;
  readonly version: number;
}

/** `postduif.config.v1.AccountService`. */
@GrpcController()
export class AccountService {
  constructor(
    @Inject(Callers) private readonly callers: Callers,
    @Inject(AccountStore) private readonly accounts: AccountStore,
  ) {}

  @GrpcMethod('AccountService', 'GetAccount')
  get({ id }: { id: string }, _metadata: Metadata, call: UnaryCall): Promise<{ account: AccountMessage }> {
    return this.callers.perform(call, 'account:read', async (caller) => {
      if (id !== caller.account) throw new ApiError('not_found', 'This token sees no such account.');
      return { account: await this.#own(caller) };
    });
  }

  @GrpcMethod('AccountService', 'ListAccounts')
  list(_request: object, _metadata: Metadata, call: UnaryCall): Promise<{ accounts: AccountMessage[] }> {
    return this.callers.perform(call, 'account:read', async (caller) => ({ accounts: [await this.#own(caller)] }));
  }

  async #own({ account }: Access): Promise<AccountMessage> {
    const found = await this.accounts.find(account);
    if (found === undefined) throw new ApiError('not_found', 'This token sees no such account.');
    const { id, name, copernicaId, version } = found;
    return { id, name, copernica_id: copernicaId, version };
  }
}
