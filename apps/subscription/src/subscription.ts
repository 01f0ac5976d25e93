import type { DynamicModule } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { topicNames, topicSpecs } from '@postduif/contracts';
import { createKafka, ensureTopics } from '@postduif/kafka';
import type { KafkaClients } from '@postduif/kafka';
import { AddressGuard, OutboundSender } from '@postduif/outbound';
import { ConfigurationError, RequestLimits } from '@postduif/service';
import type { CommonSettings, ServiceContext } from '@postduif/service';
import type { z } from 'zod';
import { AccountSettings } from './accounts/account-settings.js';
import { AccountStore } from './accounts/account-store.js';
import { Accounts } from './accounts/accounts.js';
import { ApiAccess } from './accounts/api-access.js';
import { ApiDescription } from './api-description/api-description.js';
import { AuditLog } from './audit/audit-log.js';
import { OriginInterceptor } from './audit/origin.interceptor.js';
import { Database } from './database/database.js';
import { DnsWatch } from './dns/dns-watch.js';
import { DnsTxtRecords } from './dns/txt-records.js';
import { Domains } from './domains/domains.js';
import { eventTypeSnapshots } from './event-types/event-type-rows.js';
import { EventTypes } from './event-types/event-types.js';
import { limitAddresses } from './front-door/address-limits.js';
import { requireKnownCallers } from './front-door/known-callers.js';
import { openFrontDoor } from './front-door/front-door.js';
import type { Upstreams } from './front-door/front-door.js';
import { ManagementPort } from './front-door/management-port.js';
import { OtherMethods } from './front-door/other-methods.js';
import { refusePlainHttp } from './front-door/plain-http.js';
import { Upstream } from './front-door/upstream.js';
import { GrpcFrontDoor } from './grpc/grpc-front-door.js';
import { grpcSecurity } from './grpc/grpc-settings.js';
import { IdempotencyKeys } from './idempotency/idempotency-keys.js';
import { JwtIssuer } from './jwt/jwt-issuer.js';
import { keepTrying } from './keep-trying.js';
import { HistoryApi } from './logfiles/history-api.js';
import { MentionReader } from './names/mention-reader.js';
import { Names } from './names/names.js';
import { AnswerWhenPublished } from './outbox/answer-when-published.js';
import { OutboxRelay } from './outbox/outbox-relay.js';
import { RelayMetrics } from './outbox/relay-metrics.js';
import type { subscriptionSettings } from './settings.js';
import { KeyRotation } from './signing-keys/key-rotation.js';
import { rotationPolicy } from './signing-keys/rotation-policy.js';
import { SigningKeyStore } from './signing-keys/signing-key-store.js';
import { SigningKeys } from './signing-keys/signing-keys.js';
import { subscriptionModule } from './subscription.module.js';
import { CHECK_BOUNDS, HandlerCheck } from './test-calls/handler-check.js';
import { TestCalls } from './test-calls/test-calls.js';
import { TestLimit } from './test-calls/test-limit.js';
import { TestSender } from './test-calls/test-sender.js';
import { ApiTokens } from './tokens/api-tokens.js';
import { configureBodies } from './v4/bodies.js';
import { redirectOldPuts } from './v4/old-versions.js';
import { PublicAddress } from './v4/public-address.js';
import { V4Filter } from './v4/v4.filter.js';
import { ConsentCallback } from './validation/consent-callback.js';
import { HandlerValidation } from './validation/handler-validation.js';
import { Handshake } from './validation/handshake.js';
import { MAX_FILE_BYTES } from './validation/verification-file.js';
import { HistoryCounts } from './volume/history-counts.js';
import { VolumeAdvice } from './volume/volume-advice.js';
import { ApplyingWebhooks } from './webhooks/applying-webhooks.js';
import { GoneReceivers } from './webhooks/gone-receivers.js';
import { TrustedHosts } from './webhooks/trusted-hosts.js';
import { webhookSnapshots } from './webhooks/webhook-store.js';
import { Webhooks } from './webhooks/webhooks.js';

export type SubscriptionContext = ServiceContext<CommonSettings & z.output<z.ZodObject<typeof subscriptionSettings>>>;

const MOST_SILENCE_MS = 60_000;
const now = (): Date => new Date();

/** The service, put together. */
export class Subscription {
  readonly module: DynamicModule;
  readonly #kafka: KafkaClients;
  readonly #database: Database;
  readonly #accounts: AccountStore;
  readonly #keys: SigningKeyStore;
  readonly #jwts: JwtIssuer;
  readonly #rotation: KeyRotation;
  readonly #watch: DnsWatch;
  readonly #webhooks: Webhooks;
  readonly #relay: OutboxRelay;
  readonly #gone: GoneReceivers;
  readonly #mentions: MentionReader;
  readonly #answers: AnswerWhenPublished;
  readonly #limits: RequestLimits;
  readonly #access: ApiAccess;
  readonly #upstreams: Upstreams;
  readonly #grpc: GrpcFrontDoor | undefined;
  #management: ManagementPort | undefined;
  readonly #address: PublicAddress;
  readonly #stopped = new AbortController();

  constructor(private readonly context: SubscriptionContext) {
    const { settings, log, health } = context;
    requireWholeBootstrap(settings);
    const topics = topicNames(settings.KAFKA_TOPIC_PREFIX);
    const kafka = createKafka({
      clientId: 'subscription',
      instance: settings.INSTANCE_ID,
      brokers: settings.KAFKA_BROKERS,
      log,
    });
    const database = new Database(settings.DATABASE_URL, log);
    const accounts = new AccountStore(database);
    const keys = new SigningKeyStore(database, settings.ENCRYPTION_KEY);
    const records = new DnsTxtRecords(settings.DNS_SERVERS);
    const policy = rotationPolicy({
      dnsCheck: settings.SIGNING_DNS_CHECK,
      rotationDays: settings.SIGNING_ROTATION_DAYS,
      waitHours: settings.SIGNING_KEY_WAIT_HOURS,
    });
    const trusted = new TrustedHosts(settings.TRUSTED_HANDLER_HOSTS);
    const origin = originOf(settings);
    const webhooks = new Webhooks(database, settings.ENCRYPTION_KEY, trusted, log, origin);
    const guard = new AddressGuard({ allow: settings.OUTBOUND_ALLOW });
    const sender = new OutboundSender({ guard, maxResponseBytes: MAX_FILE_BYTES, keptResponseBytes: MAX_FILE_BYTES });
    const testing = new OutboundSender({
      guard,
      connectTimeoutMs: settings.CONNECT_TIMEOUT_MS,
      headersTimeoutMs: settings.REQUEST_TIMEOUT_MS,
      totalTimeoutMs: settings.REQUEST_TIMEOUT_MS,
    });
    this.#address = new PublicAddress(settings.PUBLIC_URL);
    this.#kafka = kafka;
    this.#database = database;
    this.#accounts = accounts;
    this.#keys = keys;
    this.#jwts = new JwtIssuer(database, settings.ENCRYPTION_KEY);
    this.#rotation = new KeyRotation({ store: keys, records, domain: settings.SIGNING_DOMAIN, policy, now, log });
    const domains = new Domains({ database, records, webhooks, keys, now, log });
    const audit = new AuditLog(database, settings.AUDIT_RETENTION_DAYS);
    const idempotency = new IdempotencyKeys(database, settings.ENCRYPTION_KEY);
    this.#watch = new DnsWatch(
      [
        { failure: 'ended secrets could not be removed', run: () => webhooks.removeEndedSecrets() },
        { failure: 'signing keys could not be rotated', run: () => this.#rotation.run() },
        { failure: 'validated domains could not be looked for', run: () => domains.recheck() },
        { failure: 'old entries of the audit log could not be deleted', run: () => audit.prune() },
        { failure: 'old idempotency keys could not be deleted', run: () => idempotency.prune() },
      ],
      log,
    );
    this.#webhooks = webhooks;
    this.#relay = new OutboxRelay({
      url: settings.DATABASE_URL,
      kafka,
      topic: topics.config,
      ensureTopics: () => this.#haveTopics(),
      snapshots: () => this.#snapshots(),
      log,
      metrics: new RelayMetrics(context.metrics),
    });
    const groupId = `${settings.KAFKA_TOPIC_PREFIX}subscription`;
    this.#gone = new GoneReceivers({ kafka, groupId, topic: topics.attempts, webhooks, log });
    this.#mentions = new MentionReader({ kafka, groupId: `${groupId}.names`, topic: topics.events, database, log });
    const history = new Upstream('history', settings.HISTORY_URL, log);
    this.#upstreams = { ingest: new Upstream('event-ingest', settings.INGEST_URL, log), history };
    this.#limits = new RequestLimits({ perSecond: settings.API_RATE_LIMIT, burst: settings.API_RATE_BURST });
    const access = new ApiAccess(accounts, this.#jwts, {
      queryToken: settings.V4_QUERY_TOKEN,
      limits: this.#limits,
    });
    this.#access = access;
    const callback = new ConsentCallback(settings.ENCRYPTION_KEY, webhooks, settings.PUBLIC_URL);
    const handshake = new Handshake(sender, origin, (webhook) => callback.address(webhook, origin));
    const validation = new HandlerValidation(webhooks, accounts, keys, sender, handshake);
    const tests = this.#tests(new TestSender(accounts, keys, webhooks, testing));
    const answers = new AnswerWhenPublished(database);
    this.#answers = answers;
    const { HOST: host, GRPC_PORT: port } = settings;
    const security = grpcSecurity(settings);
    if (port !== undefined) {
      const parts = {
        access,
        accounts,
        webhooks,
        validation,
        tests: tests.calls,
        health,
        kafka,
        topic: topics.config,
        log,
      };
      this.#grpc = new GrpcFrontDoor({ host, port, security, published: () => answers.published(), ...parts });
    }
    this.module = subscriptionModule({
      access,
      webhooks,
      applying: new ApplyingWebhooks(database),
      validation,
      tests: tests.calls,
      check: tests.check,
      advice: new VolumeAdvice(new HistoryCounts(history)),
      callback,
      keys: new SigningKeys(keys, policy, now, log),
      account: new AccountSettings(database, log),
      domains,
      names: new Names(database, log),
      accounts,
      jwts: this.#jwts,
      tokens: new ApiTokens(database, now, log),
      operator: new Accounts(database, log),
      eventTypes: new EventTypes(database, log),
      history: new HistoryApi(history),
      ...(this.#grpc === undefined ? {} : { grpc: this.#grpc.module }),
      address: this.#address,
      audit,
      idempotency,
      description: new ApiDescription(settings.KAFKA_TOPIC_PREFIX),
    });
    health.add({ name: 'database', ready: () => database.ready() });
    health.add({
      name: 'relay',
      live: () => this.#relay.isAlive(MOST_SILENCE_MS),
      ready: () => this.#relay.ready(),
    });
    health.add({ name: 'gone receivers', live: () => this.#gone.isAlive(MOST_SILENCE_MS) });
    health.add({ name: 'names', live: () => this.#mentions.isAlive(MOST_SILENCE_MS) });
    context.onStop('sender', () => sender.close());
    context.onStop('tests', () => testing.destroy());
    context.onStop('subscription', () => this.stop());
  }

  async configure(app: NestFastifyApplication): Promise<void> {
    const { settings, log, health } = this.context;
    const fastify = app.getHttpAdapter().getInstance();
    this.#grpc?.connect(app);
    const others = new OtherMethods(fastify);
    this.#management = new ManagementPort(fastify, health);
    if (settings.PUBLIC_URL?.startsWith('https:') === true) refusePlainHttp(fastify);
    app.useGlobalFilters(new V4Filter(log));
    limitAddresses(fastify, this.#limits);
    requireKnownCallers(fastify, this.#access);
    this.#limits.announce(fastify);
    app.useGlobalInterceptors(new OriginInterceptor(), this.#answers);
    await openFrontDoor(fastify, this.#upstreams);
    configureBodies(fastify);
    redirectOldPuts(fastify, this.#address);
    // Nest's routes come with this.
    await app.init();
    others.refuse();
  }

  /** Waits for PostgreSQL and Kafka, in any order; then publishes. */
  async start(app: NestFastifyApplication): Promise<void> {
    await this.#listenForOperators();
    await this.#grpc?.listen(app);
    await this.#database.open();
    await this.#try('the first account and key could not be made', () => this.#prepare());
    if (this.#stopping()) return;
    this.#watch.start();
    this.#relay.start();
    await this.#try('could not make sure that the topics are there', () => this.#haveTopics());
    if (this.#stopping()) return;
    this.#gone.start();
    this.#mentions.start();
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    this.#database.stop();
    this.#management?.close();
    const parts = [this.#relay, this.#gone, this.#mentions, this.#watch, this.#grpc];
    await Promise.all(parts.map(async (part) => part?.stop()));
    await this.#database.close();
  }

  #tests(sender: TestSender): { readonly calls: TestCalls; readonly check: HandlerCheck } {
    const { settings, log } = this.context;
    const limit = new TestLimit(settings.TESTS_PER_MINUTE);
    const bounds = { ...CHECK_BOUNDS, requestMs: Math.min(CHECK_BOUNDS.requestMs, settings.REQUEST_TIMEOUT_MS) };
    return {
      calls: new TestCalls(this.#webhooks, sender, limit, log),
      check: new HandlerCheck(this.#webhooks, sender, limit, log, bounds),
    };
  }

  #stopping(): boolean {
    return this.#stopped.signal.aborted;
  }

  async #listenForOperators(): Promise<void> {
    const { settings, log } = this.context;
    if (settings.MANAGEMENT_PORT === undefined) return;
    const port = await this.#management?.listen(settings.HOST, settings.MANAGEMENT_PORT);
    log.info({ port }, 'metrics and health are served');
  }

  async #prepare(): Promise<void> {
    const { settings, log } = this.context;
    const { BOOTSTRAP_ACCOUNT: account, BOOTSTRAP_TOKEN: token } = settings;
    if (account !== undefined && token !== undefined) {
      if (await this.#accounts.bootstrap({ account, name: account, token })) log.info({ account }, 'account prepared');
    }
    await this.#keys.requireReadable();
    await this.#jwts.prepare();
    await this.#rotation.prepare();
    await this.#webhooks.applyTrust();
  }

  async #try(failure: string, task: () => Promise<void>): Promise<void> {
    await keepTrying(task, { failure, log: this.context.log, signal: this.#stopped.signal });
  }

  async *#snapshots() {
    yield* this.#accounts.snapshots();
    yield* this.#keys.snapshots();
    yield* this.#jwts.snapshots();
    yield* eventTypeSnapshots(this.#database);
    yield* webhookSnapshots(this.#database);
  }

  async #haveTopics(): Promise<void> {
    const { settings, log } = this.context;
    const { config, attempts, events } = topicNames(settings.KAFKA_TOPIC_PREFIX);
    const specs = topicSpecs({
      prefix: settings.KAFKA_TOPIC_PREFIX,
      partitions: settings.KAFKA_PARTITIONS,
      replicationFactor: settings.KAFKA_REPLICATION_FACTOR,
    });
    await ensureTopics(
      // Not patient: who asks tries again, is seen to be alive meanwhile, and can be stopped.
      { admin: () => this.#kafka.admin() },
      specs.filter(({ topic }) => [config, attempts, events].includes(topic)),
      log,
    );
  }
}

/** What we call ourselves to receivers of CloudEvents. */
function originOf({ WEBHOOK_ORIGIN, PUBLIC_URL, SIGNING_DOMAIN }: SubscriptionContext['settings']): string {
  return WEBHOOK_ORIGIN ?? (PUBLIC_URL === undefined ? SIGNING_DOMAIN : new URL(PUBLIC_URL).hostname);
}

function requireWholeBootstrap({ BOOTSTRAP_ACCOUNT, BOOTSTRAP_TOKEN }: SubscriptionContext['settings']): void {
  if ((BOOTSTRAP_ACCOUNT === undefined) !== (BOOTSTRAP_TOKEN === undefined))
    throw new ConfigurationError(['BOOTSTRAP_ACCOUNT, BOOTSTRAP_TOKEN: set both or none']);
}
