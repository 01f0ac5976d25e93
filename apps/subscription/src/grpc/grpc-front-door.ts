import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { KafkaClients } from '@postduif/kafka';
import { Health } from '@postduif/service';
import { AccountStore } from '../accounts/account-store.js';
import { ApiAccess } from '../accounts/api-access.js';
import type { Log } from '../log.js';
import { TestCalls } from '../test-calls/test-calls.js';
import { HandlerValidation } from '../validation/handler-validation.js';
import { Webhooks } from '../webhooks/webhooks.js';
import { AccessService } from './access-service.js';
import { AccountService } from './account-service.js';
import { Callers } from './callers.js';
import { ConfigChanges } from './config-changes.js';
import { GRPC_LOG } from './grpc-errors.js';
import { GrpcServer } from './grpc-server.js';
import type { GrpcSecurity } from './grpc-settings.js';
import { HealthService } from './health-service.js';
import { Stopping } from './stopping.js';
import { WebhookService } from './webhook-service.js';

export interface GrpcFrontDoorOptions {
  readonly host: string;
  readonly port: number;
  readonly security: GrpcSecurity;
  readonly access: ApiAccess;
  readonly accounts: AccountStore;
  readonly webhooks: Webhooks;
  readonly validation: HandlerValidation;
  readonly tests: TestCalls;
  readonly health: Health;
  /** Resolves when all changes up to now are on the topic. */
  readonly published: () => Promise<void>;
  readonly kafka: KafkaClients;
  /** The topic `config`. */
  readonly topic: string;
  readonly log: Log;
}

const MOST_SILENCE_MS = 60_000;

@Module({})
class GrpcModule {}

/** `postduif.config.v1` over gRPC, beside the HTTP API in the same process. */
export class GrpcFrontDoor {
  readonly module: DynamicModule;
  readonly #server: GrpcServer;
  readonly #changes: ConfigChanges;

  constructor(private readonly options: GrpcFrontDoorOptions) {
    const { host, port, security, kafka, topic, log } = options;
    this.#server = new GrpcServer({ host, port, credentials: security.credentials });
    this.#changes = new ConfigChanges({ kafka, topic, log });
    options.health.add({ name: 'watched changes', live: () => this.#changes.isAlive(MOST_SILENCE_MS) });
    this.module = {
      module: GrpcModule,
      controllers: [AccessService, AccountService, HealthService, WebhookService],
      providers: [
        { provide: Callers, useValue: new Callers(options.access, options.published) },
        { provide: ApiAccess, useValue: options.access },
        { provide: AccountStore, useValue: options.accounts },
        { provide: Webhooks, useValue: options.webhooks },
        { provide: HandlerValidation, useValue: options.validation },
        { provide: TestCalls, useValue: options.tests },
        { provide: Health, useValue: options.health },
        { provide: ConfigChanges, useValue: this.#changes },
        { provide: GRPC_LOG, useValue: log },
        Stopping,
      ],
    };
  }

  /** Call it before `app` listens; it closes with `app`. */
  connect(app: NestFastifyApplication): void {
    app.connectMicroservice({ strategy: this.#server });
  }

  async listen(app: NestFastifyApplication): Promise<void> {
    const { host, security, log } = this.options;
    this.#changes.start();
    await app.startAllMicroservices();
    log.info({ grpc: `${host}:${this.#server.port}`, tls: security.tls }, 'listening for gRPC');
  }

  /** Call it after `app` was closed. */
  stop(): Promise<void> {
    return this.#changes.stop();
  }
}
