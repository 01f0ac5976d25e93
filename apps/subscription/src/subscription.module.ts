import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { AccountController } from './accounts/account.controller.js';
import { AccountSettings } from './accounts/account-settings.js';
import { AccountStore } from './accounts/account-store.js';
import { Accounts } from './accounts/accounts.js';
import { AccountsController } from './accounts/accounts.controller.js';
import { ApiAccess } from './accounts/api-access.js';
import { IdentityController } from './accounts/identity.controller.js';
import { ApiDescription } from './api-description/api-description.js';
import { ApiDescriptionController } from './api-description/api-description.controller.js';
import { AuditController } from './audit/audit.controller.js';
import { AuditLog } from './audit/audit-log.js';
import { Domains } from './domains/domains.js';
import { DomainsController } from './domains/domains.controller.js';
import { EventTypes } from './event-types/event-types.js';
import { EventTypesController } from './event-types/event-types.controller.js';
import { RootController } from './front-door/root.controller.js';
import { IdempotencyKeys } from './idempotency/idempotency-keys.js';
import { AuthenticateController } from './jwt/authenticate.controller.js';
import { JwtIssuer } from './jwt/jwt-issuer.js';
import { DatabasesController } from './names/databases.controller.js';
import { FieldsController } from './names/fields.controller.js';
import { InterestsController } from './names/interests.controller.js';
import { NameRequests } from './names/name-requests.js';
import { HistoryApi } from './logfiles/history-api.js';
import { LogfilesController } from './logfiles/logfiles.controller.js';
import { Names } from './names/names.js';
import { SigningKeysController } from './signing-keys/signing-keys.controller.js';
import { SigningKeys } from './signing-keys/signing-keys.js';
import { ApiTokens } from './tokens/api-tokens.js';
import { HandlerCheckController } from './test-calls/handler-check.controller.js';
import { HandlerCheck } from './test-calls/handler-check.js';
import { TestCallsController } from './test-calls/test-calls.controller.js';
import { TestCalls } from './test-calls/test-calls.js';
import { TokensController } from './tokens/tokens.controller.js';
import { PublicAddress } from './v4/public-address.js';
import { ConsentCallback } from './validation/consent-callback.js';
import { HandlerValidation } from './validation/handler-validation.js';
import { HandshakeController } from './validation/handshake.controller.js';
import { ValidationController } from './validation/validation.controller.js';
import { VolumeAdviceController } from './volume/volume-advice.controller.js';
import { VolumeAdvice } from './volume/volume-advice.js';
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
  readonly tests: TestCalls;
  readonly check: HandlerCheck;
  readonly advice: VolumeAdvice;
  readonly callback: ConsentCallback;
  readonly keys: SigningKeys;
  readonly account: AccountSettings;
  readonly domains: Domains;
  readonly names: Names;
  readonly accounts: AccountStore;
  readonly jwts: JwtIssuer;
  readonly tokens: ApiTokens;
  readonly operator: Accounts;
  readonly eventTypes: EventTypes;
  readonly history: HistoryApi;
  readonly address: PublicAddress;
  readonly audit: AuditLog;
  readonly idempotency: IdempotencyKeys;
  readonly description: ApiDescription;
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
  tests,
  check,
  advice,
  callback,
  keys,
  account,
  domains,
  names,
  accounts,
  jwts,
  tokens,
  operator,
  eventTypes,
  history,
  address,
  audit,
  idempotency,
  description,
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
      TestCallsController,
      HandlerCheckController,
      VolumeAdviceController,
      HandshakeController,
      SecretController,
      SigningKeysController,
      AccountController,
      DomainsController,
      DatabasesController,
      FieldsController,
      InterestsController,
      IdentityController,
      AuthenticateController,
      TokensController,
      AccountsController,
      EventTypesController,
      LogfilesController,
      AuditController,
      ApiDescriptionController,
    ],
    providers: [
      { provide: ApiAccess, useValue: access },
      { provide: Webhooks, useValue: webhooks },
      { provide: ApplyingWebhooks, useValue: applying },
      { provide: HandlerValidation, useValue: validation },
      { provide: TestCalls, useValue: tests },
      { provide: HandlerCheck, useValue: check },
      { provide: VolumeAdvice, useValue: advice },
      { provide: ConsentCallback, useValue: callback },
      { provide: SigningKeys, useValue: keys },
      { provide: AccountStore, useValue: accounts },
      { provide: JwtIssuer, useValue: jwts },
      { provide: ApiTokens, useValue: tokens },
      { provide: HistoryApi, useValue: history },
      { provide: Accounts, useValue: operator },
      { provide: EventTypes, useValue: eventTypes },
      { provide: AccountSettings, useValue: account },
      { provide: Domains, useValue: domains },
      { provide: NameRequests, useValue: new NameRequests(access, names, address) },
      { provide: PublicAddress, useValue: address },
      { provide: AuditLog, useValue: audit },
      { provide: IdempotencyKeys, useValue: idempotency },
      { provide: ApiDescription, useValue: description },
    ],
  };
}
