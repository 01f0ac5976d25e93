import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../setup/paths.mjs';
import type { Secrets } from './home.js';
import { LOOPBACK } from './ports.js';
import type { StackPorts } from './ports.js';
import type { ProcessDefinition } from './process-definition.js';
import { StackError } from './stack-error.js';

export const SERVICES = ['subscription', 'event-ingest', 'fan-out', 'delivery', 'history'] as const;

export type ServiceName = (typeof SERVICES)[number];

type Environment = Readonly<Record<string, string | undefined>>;

/** What the services are told. */
export interface ServiceSurroundings {
  readonly ports: StackPorts;
  readonly secrets: Secrets;
  readonly brokers: readonly string[];
  readonly databaseUrl: string;
  /** Passed on to every service; wins over our defaults, not over addresses. */
  readonly environment: Environment;
  /** Wins over everything, for one service or for all. */
  readonly overrides: Readonly<Partial<Record<ServiceName | 'all', Environment>>>;
}

/** The door closes first; what is on its way inside may then be finished. */
const STOP_STAGES: Readonly<Record<ServiceName, number>> = {
  subscription: 1,
  'event-ingest': 1,
  'fan-out': 2,
  delivery: 3,
  history: 4,
};

/** Node.js sizes its heap by the machine's memory, and would rather let garbage lie than collect it. */
const NODE_FLAGS: Readonly<Partial<Record<ServiceName, readonly string[]>>> = {
  delivery: ['--max-old-space-size=512', '--max-semi-space-size=16'],
};

/** sysexits' EX_CONFIG: a service's settings are not right. */
const EX_CONFIG = 78;
/** Services stop within 10 s. */
const STOP_TIMEOUT_MS = 12_000;
const PROBE_TIMEOUT_MS = 2_000;

/** The program of a service, in one file. */
export function serviceScript(name: ServiceName): string {
  return join(ROOT, 'apps', name, 'dist', 'main.js');
}

/** How to run a service. Throws `StackError` when it is not compiled. */
export function serviceDefinition(name: ServiceName, surroundings: ServiceSurroundings): ProcessDefinition {
  const script = serviceScript(name);
  if (!existsSync(script)) throw new StackError('not_compiled', `${script} is missing. Compile it with: npm run build`);
  const env = serviceEnvironment(name, surroundings);
  return {
    name,
    command: process.execPath,
    // kafkajs 2 computes a negative pause now and then; Node.js 24 warns of it, and it is harmless.
    args: ['--disable-warning=TimeoutNegativeWarning', ...(NODE_FLAGS[name] ?? []), script],
    env,
    cwd: ROOT,
    marker: script,
    ready: () => readiness(managementUrl(name, surroundings.ports)),
    stopSignal: 'SIGTERM',
    stopTimeoutMs: STOP_TIMEOUT_MS,
    stopStage: STOP_STAGES[name],
    hopelessExitCodes: [EX_CONFIG],
  };
}

/** The environment of a service: our defaults, what the user has set, the addresses of this stack, overrides. */
export function serviceEnvironment(
  name: ServiceName,
  surroundings: ServiceSurroundings,
): Record<string, string | undefined> {
  const { ports, secrets, brokers, databaseUrl, environment, overrides } = surroundings;
  const given = Object.entries(environment).filter(([, value]) => value !== undefined && value !== '');
  const defaults: Record<ServiceName, Environment> = {
    subscription: {
      SIGNING_DOMAIN: 'signing.postduif.example',
      // No DNS holds this domain's keys.
      SIGNING_DNS_CHECK: 'off',
      PUBLIC_URL: serviceUrl('subscription', ports),
      INGEST_URL: serviceUrl('event-ingest', ports),
      HISTORY_URL: serviceUrl('history', ports),
      BOOTSTRAP_ACCOUNT: '1',
      BOOTSTRAP_TOKEN: secrets.bootstrapToken,
      TRUSTED_HANDLER_HOSTS: '127.0.0.1,localhost,[::1]',
      ...sending(secrets),
    },
    'event-ingest': {},
    'fan-out': {},
    delivery: sending(secrets),
    history: {},
  };
  return {
    NODE_ENV: 'production',
    // A quarter less work at each start.
    NODE_COMPILE_CACHE: join(ROOT, 'node_modules', '.cache', 'postduif'),
    LOG_LEVEL: 'info',
    KAFKA_TOPIC_PREFIX: 'postduif.',
    KAFKA_PARTITIONS: '6',
    KAFKA_REPLICATION_FACTOR: '1',
    INSTANCE_ID: instanceId(ports[name]),
    ...defaults[name],
    ...Object.fromEntries(given),
    // Some shells export the name of the machine as HOST.
    HOST: LOOPBACK,
    KAFKA_BROKERS: brokers.join(','),
    ...(name === 'subscription' || name === 'history' ? { DATABASE_URL: databaseUrl } : {}),
    PORT: String(ports[name]),
    ...(name === 'subscription' ? { GRPC_PORT: String(ports.grpc), MANAGEMENT_PORT: String(ports.management) } : {}),
    ...overrides.all,
    ...overrides[name],
  };
}

/** Of one process among all that may use the same Kafka: no other on this machine listens on its port. */
function instanceId(port: number): string {
  return `${hostname().replace(/[^A-Za-z0-9.-]/g, '-')}-${port}`;
}

/** Receivers on this machine may be called. */
function sending({ encryptionKey }: Secrets): Environment {
  return { ENCRYPTION_KEY: encryptionKey, OUTBOUND_ALLOW: '127.0.0.0/8,::1/128' };
}

export function serviceUrl(name: ServiceName, ports: StackPorts): string {
  return `http://${LOOPBACK}:${ports[name]}`;
}

/** Where a service tells its operators how it is: `/metrics`, and all of `/ready`. */
export function managementUrl(name: ServiceName, ports: StackPorts): string {
  return name === 'subscription' ? `http://${LOOPBACK}:${ports.management}` : serviceUrl(name, ports);
}

async function readiness(address: string): Promise<true | string> {
  try {
    const response = await fetch(`${address}/ready`, { signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) });
    return response.ok ? true : unready(await response.text());
  } catch {
    // Whatever the reason: until it listens, there is nothing more to know.
    return 'does not answer yet';
  }
}

/** The checks of a readiness report that are not passed, as a sentence. */
export function unready(body: string): string {
  try {
    const { checks } = JSON.parse(body) as { checks?: Record<string, unknown> };
    const missing = Object.entries(checks ?? {}).filter(([, state]) => state !== true);
    return missing.length > 0 ? missing.map(([name, state]) => `${name}: ${String(state)}`).join(', ') : 'is not ready';
  } catch {
    return 'is not ready';
  }
}
