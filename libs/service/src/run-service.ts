import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { DynamicModule, LoggerService } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { pino } from 'pino';
import type { Logger } from 'pino';
import { collectDefaultMetrics, Registry } from 'prom-client';
import type { z } from 'zod';
import { ConfigurationError, parseSettings } from './configuration.js';
import type { CommonSettings } from './configuration.js';
import { Health } from './health.js';
import { HealthController } from './health.controller.js';
import { httpAdapter } from './http-adapter.js';
import type { AnswerBadPath } from './http-adapter.js';
import { loggedError } from './logged-error.js';
import { ProblemFilter } from './problem.filter.js';
import { traceSources } from './stack-traces.js';

/** What a service's parts get to work with. */
export interface ServiceContext<Settings> {
  readonly settings: Settings;
  readonly log: Logger;
  readonly metrics: Registry;
  readonly health: Health;
  /** Runs at a graceful stop, last registered first, after the HTTP server has stopped taking requests. */
  onStop(name: string, stop: () => Promise<void> | void): void;
}

export interface ServiceDefinition<S extends z.ZodRawShape> {
  /** Name in logs and metrics, such as `fan-out`. */
  readonly name: string;
  /** Settings beside the common ones: environment variable to Zod schema. */
  readonly settings: S;
  /** Builds the Nest module. Called once, after the settings were checked; may connect, but should not wait for Kafka. */
  module(context: ServiceContext<CommonSettings & z.output<z.ZodObject<S>>>): Promise<DynamicModule> | DynamicModule;
  /** Registers Fastify plugins or parsers before the application starts to listen. */
  configure?(
    app: NestFastifyApplication,
    context: ServiceContext<CommonSettings & z.output<z.ZodObject<S>>>,
  ): Promise<void> | void;
  /** Largest request body in bytes; default 1 MiB. */
  readonly bodyLimit?: number;
  /** By default with problem details. */
  readonly answerBadPath?: AnswerBadPath;
  /** Runs when the service listens, so that `/live` answers while this loads. */
  start?(
    app: NestFastifyApplication,
    context: ServiceContext<CommonSettings & z.output<z.ZodObject<S>>>,
  ): Promise<void>;
}

/** The root of every service; its parts are given at run time. */
@Module({})
class ServiceModule {}

const GRACE_MS = 9_300;
/** What is answered later than this after a stop began is cut off, so that time is left for the parts. */
const ANSWER_MS = 1_500;
/** For a standard output that nobody reads. */
const FLUSH_MS = 500;
const LOG_BUFFER_BYTES = 8 * 1024;
const LOG_FLUSH_MS = 100;
/** A sample of the event loop's delay wakes the process. */
const LOOP_LAG_SAMPLE_MS = 100;
const EX_CONFIG = 78;

/**
 * The life of every service: check the settings, log as JSON lines, serve health and metrics, stop within 10 s on SIGTERM.
 * Exit codes: 0 stopped, 1 failed, 78 settings not right.
 */
export async function runService<S extends z.ZodRawShape>(definition: ServiceDefinition<S>): Promise<void> {
  traceSources(process.argv[1] ?? '');
  const log = pino(
    {
      base: { service: definition.name },
      timestamp: pino.stdTimeFunctions.isoTime,
      serializers: { err: loggedError },
    },
    // A write for each line would cost a tenth of the processor.
    pino.destination({ dest: 1, minLength: LOG_BUFFER_BYTES, periodicFlush: LOG_FLUSH_MS }),
  );
  try {
    await serve(definition, log);
  } catch (error) {
    if (error instanceof ConfigurationError) {
      log.fatal({ code: error.code, problems: error.problems }, error.message);
      exit(log, EX_CONFIG);
    } else {
      log.fatal({ err: error }, 'could not start');
      exit(log, 1);
    }
  }
}

/** Lines are written together: the last ones must not get lost. */
function exit(log: Logger, code: number): void {
  log.flush(() => process.exit(code));
  setTimeout(() => process.exit(code), FLUSH_MS);
}

async function serve<S extends z.ZodRawShape>(definition: ServiceDefinition<S>, log: Logger): Promise<void> {
  const settings = parseSettings(definition.settings, process.env);
  log.level = settings.LOG_LEVEL;
  const metrics = new Registry();
  metrics.setDefaultLabels({ service: definition.name });
  collectDefaultMetrics({ register: metrics, eventLoopMonitoringPrecision: LOOP_LAG_SAMPLE_MS });
  const health = new Health();
  let started = definition.start === undefined;
  health.add({ name: 'start', ready: () => started || 'is still starting' });
  const stops: [string, () => Promise<void> | void][] = [];
  const context = {
    settings,
    log,
    metrics,
    health,
    onStop: (name: string, stop: () => Promise<void> | void) => stops.push([name, stop]),
  };

  const feature = await definition.module(context);
  const root: DynamicModule = {
    module: ServiceModule,
    imports: [feature],
    controllers: [HealthController],
    providers: [
      { provide: Health, useValue: health },
      { provide: Registry, useValue: metrics },
    ],
  };
  const adapter = httpAdapter({ bodyLimit: definition.bodyLimit, answerBadPath: definition.answerBadPath });
  const app = await NestFactory.create<NestFastifyApplication>(root, adapter, {
    logger: nestLog(log),
    abortOnError: false,
    bodyParser: false,
  });
  app.useGlobalFilters(new ProblemFilter(log));
  completeAnswers(app, health);
  await definition.configure?.(app, context);
  stopOnSignal(app, context.health, stops, log);
  await app.listen(settings.PORT, settings.HOST);
  log.info({ address: await app.getUrl() }, 'listening');
  await definition.start?.(app, context);
  started = true;
  log.info('started');
}

/**
 * Every answer names its request, as the log does. When a stop has begun it closes its connection, which would stay open, idle, and
 * hold the stop up.
 */
function completeAnswers(app: NestFastifyApplication, health: Health): void {
  const server = app.getHttpAdapter().getInstance();
  server.addHook('onSend', (request, reply, payload, done) => {
    void reply.header('x-request-id', request.id);
    if (health.isStopping) void reply.header('connection', 'close');
    done(null, payload);
  });
}

function stopOnSignal(
  app: NestFastifyApplication,
  health: Health,
  stops: [string, () => Promise<void> | void][],
  log: Logger,
): void {
  let stopping = false;
  const stop = async (signal: string): Promise<void> => {
    if (stopping) return;
    stopping = true;
    health.stopping();
    log.info({ signal }, 'stopping');
    setTimeout(() => {
      log.error('could not stop in time; what was not finished will be done again');
      exit(log, 1);
    }, GRACE_MS).unref();
    await closeServer(app, log);
    for (const [name, stopPart] of stops.reverse()) {
      try {
        await stopPart();
      } catch (error) {
        log.error({ err: error, part: name }, 'could not stop a part cleanly');
      }
    }
    log.info('stopped');
    exit(log, 0);
  };
  process.on('SIGTERM', (signal) => void stop(signal));
  process.on('SIGINT', (signal) => void stop(signal));
  const mistaken = (error: unknown): void => {
    log.fatal({ err: error }, 'a mistake in the program; stopping');
    exit(log, 1);
  };
  process.on('unhandledRejection', mistaken);
  process.on('uncaughtException', mistaken);
}

/** Ends requests that do not end by themselves: an upload that stalls, or an answer that nobody reads. */
async function closeServer(app: NestFastifyApplication, log: Logger): Promise<void> {
  const late = setTimeout(() => {
    log.warn('requests under way are cut off');
    app.getHttpServer().closeAllConnections();
  }, ANSWER_MS);
  await app.close();
  clearTimeout(late);
}

/** Nest's own messages at debug level, its errors as errors. */
function nestLog(log: Logger): LoggerService {
  return {
    log: (message: unknown) => {
      log.debug(String(message));
    },
    error: (message: unknown) => {
      log.error({ err: message instanceof Error ? message : undefined }, String(message));
    },
    warn: (message: unknown) => {
      log.warn(String(message));
    },
    debug: (message: unknown) => {
      log.trace(String(message));
    },
    verbose: (message: unknown) => {
      log.trace(String(message));
    },
  };
}
