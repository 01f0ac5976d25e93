import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { AccountController } from './accounts/account.controller.js';
import { AccountSettings } from './accounts/account-settings.js';
import { ApiAccess } from './accounts/api-access.js';
import { Domains } from './domains/domains.js';
import { DomainsController } from './domains/domains.controller.js';
import { RootController } from './front-door/root.controller.js';
import { SigningKeysController } from './signing-keys/signing-keys.controller.js';
import { SigningKeys } from './signing-keys/signing-keys.js';
import { PublicAddress } from './v4/public-address.js';
import { HandlerValidation } from './validation/handler-validation.js';
import { ValidationController } from './validation/validation.controller.js';
import { SecretController } from './webhooks/secret.controller.js';
import { Webhooks } from './webhooks/webhooks.js';
import { WebhooksController } from './webhooks/webhooks.controller.js';

export interface SubscriptionParts {
  readonly access: ApiAccess;
  readonly webhooks: Webhooks;
  readonly validation: HandlerValidation;
  readonly keys: SigningKeys;
  readonly account: AccountSettings;
  readonly domains: Domains;
  readonly address: PublicAddress;
  /** The gRPC API, where it is served. */
  readonly grpc?: DynamicModule;
}

@Module({})
class SubscriptionModule {}

/** The API of subscription. */
export function subscriptionModule({
  access,
  webhooks,
  validation,
  keys,
  account,
  domains,
  address,
  grpc,
}: SubscriptionParts): DynamicModule {
  return {
    module: SubscriptionModule,
    imports: grpc === undefined ? [] : [grpc],
    controllers: [
      RootController,
      WebhooksController,
      ValidationController,
      SecretController,
      SigningKeysController,
      AccountController,
      DomainsController,
    ],
    providers: [
      { provide: ApiAccess, useValue: access },
      { provide: Webhooks, useValue: webhooks },
      { provide: HandlerValidation, useValue: validation },
      { provide: SigningKeys, useValue: keys },
      { provide: AccountSettings, useValue: account },
      { provide: Domains, useValue: domains },
      { provide: PublicAddress, useValue: address },
    ],
  };
}
