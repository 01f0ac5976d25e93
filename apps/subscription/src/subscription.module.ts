import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { AccountController } from './accounts/account.controller.js';
import { AccountSettings } from './accounts/account-settings.js';
import { ApiAccess } from './accounts/api-access.js';
import { Domains } from './domains/domains.js';
import { DomainsController } from './domains/domains.controller.js';
import { RootController } from './front-door/root.controller.js';
import { DatabasesController } from './names/databases.controller.js';
import { FieldsController } from './names/fields.controller.js';
import { InterestsController } from './names/interests.controller.js';
import { NameRequests } from './names/name-requests.js';
import { Names } from './names/names.js';
import { SigningKeysController } from './signing-keys/signing-keys.controller.js';
import { SigningKeys } from './signing-keys/signing-keys.js';
import { PublicAddress } from './v4/public-address.js';
import { HandlerValidation } from './validation/handler-validation.js';
import { ValidationController } from './validation/validation.controller.js';
import { ApplyingWebhooks } from './webhooks/applying-webhooks.js';
import { ApplyingWebhooksController } from './webhooks/applying-webhooks.controller.js';
import { SecretController } from './webhooks/secret.controller.js';
import { Webhooks } from './webhooks/webhooks.js';
import { WebhooksController } from './webhooks/webhooks.controller.js';

export interface SubscriptionParts {
  readonly access: ApiAccess;
  readonly webhooks: Webhooks;
  readonly applying: ApplyingWebhooks;
  readonly validation: HandlerValidation;
  readonly keys: SigningKeys;
  readonly account: AccountSettings;
  readonly domains: Domains;
  readonly names: Names;
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
  applying,
  validation,
  keys,
  account,
  domains,
  names,
  address,
  grpc,
}: SubscriptionParts): DynamicModule {
  return {
    module: SubscriptionModule,
    imports: grpc === undefined ? [] : [grpc],
    controllers: [
      RootController,
      WebhooksController,
      ApplyingWebhooksController,
      ValidationController,
      SecretController,
      SigningKeysController,
      AccountController,
      DomainsController,
      DatabasesController,
      FieldsController,
      InterestsController,
    ],
    providers: [
      { provide: ApiAccess, useValue: access },
      { provide: Webhooks, useValue: webhooks },
      { provide: ApplyingWebhooks, useValue: applying },
      { provide: HandlerValidation, useValue: validation },
      { provide: SigningKeys, useValue: keys },
      { provide: AccountSettings, useValue: account },
      { provide: Domains, useValue: domains },
      { provide: NameRequests, useValue: new NameRequests(access, names, address) },
      { provide: PublicAddress, useValue: address },
    ],
  };
}
