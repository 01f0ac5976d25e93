import { rmSync } from 'node:fs';
import { brokerState, embeddedKafka } from './embedded-kafka.js';
import { databaseUrlState, embeddedPostgres, postgresUrl, removeOutsideData } from './embedded-postgres.js';
import type { EmbeddedPostgresOptions } from './embedded-postgres.js';
import { Home } from './home.js';
import type { Credentials, Secrets } from './home.js';
import { stopLeftovers } from './leftovers.js';
import type { LogNews } from './log-file.js';
import { freePorts, isFree, LOOPBACK, portsTaken } from './ports.js';
import type { StackPorts } from './ports.js';
import type { ProcessDefinition } from './process-definition.js';
import { memoryOf } from './process-table.js';
import { managementUrl, serviceDefinition, serviceEnvironment, SERVICES, serviceUrl } from './services.js';
import type { ServiceName, ServiceSurroundings } from './services.js';
import { StackError } from './stack-error.js';
import type { Say } from './supervised-process.js';
import { Supervisor } from './supervisor.js';
import { temporaryHome } from './test-folder.js';

type Environment = Readonly<Record<string, string | undefined>>;

type Store = 'kafka' | 'postgres';

export type ProcessName = ServiceName | Store;

export interface StackOptions {
  /** Folder of data, logs and credentials. Default: a new temporary one, deleted by `stop`. */
  readonly home?: string;
  /** Default `free`: ports that nobody uses. */
  readonly ports?: 'free' | Partial<StackPorts>;
  /** Which services to start. Default all. */
  readonly services?: readonly ServiceName[];
  /** Which embedded stores to start. Default both; those with an existing address are never started. */
  readonly stores?: readonly Store[];
  /** An existing Kafka (`host:port` each) instead of an embedded one. */
  readonly brokers?: readonly string[] | undefined;
  /** An existing PostgreSQL instead of an embedded one. */
  readonly databaseUrl?: string | undefined;
  /** What services inherit. Default: the environment of this process. */
  readonly environment?: Environment;
  /** Variables for one service, or for all; they win over everything. */
  readonly env?: Readonly<Partial<Record<ServiceName | 'all', Environment>>>;
  /** False makes the embedded PostgreSQL faster and unsafe against power failures (not against kill -9). Default true. */
  readonly durable?: boolean;
  /** Deletes what earlier runs have kept in the home. Existing stores keep theirs. Default false. */
  readonly reset?: boolean;
  /** Told what happens, in sentences. Default: nobody is. */
  readonly say?: Say;
  /** Given new lines of the logs as they come. */
  readonly show?: (process: ProcessDefinition, news: LogNews) => void;
  /** Milliseconds for each group of processes to become ready. Default 120,000. */
  readonly timeoutMs?: number;
}

/** A running process. */
export interface ProcessInfo {
  readonly name: string;
  readonly address: string;
  readonly pid: number | undefined;
  /** Bytes, with its children. */
  readonly memory: number;
}

/** The whole system, or a part of it, running. */
export interface Stack {
  readonly home: string;
  readonly credentials: Credentials;
  readonly brokers: readonly string[];
  readonly databaseUrl: string;
  readonly ports: StackPorts;
  /** Base address of each service. */
  readonly urls: Readonly<Record<ServiceName, string>>;
  /** Where each has `/metrics`, and all of `/ready`. */
  readonly managementUrls: Readonly<Record<ServiceName, string>>;
  /** Process ids of what runs now. */
  pids(): Record<string, number>;
  /** Process ids, addresses and memory. */
  processes(): Promise<ProcessInfo[]>;
  /** Sends a signal (default SIGKILL) and returns the process id. The supervisor starts the process again, unless it is held. */
  kill(name: ProcessName, signal?: NodeJS.Signals): number;
  /** From now on a process that dies stays away, until `release`. */
  hold(name: ProcessName): void;
  release(name: ProcessName): void;
  /** Resolves when a process is ready (again). */
  ready(name: ProcessName, timeoutMs?: number): Promise<void>;
  /** Stops everything in order. */
  stop(): Promise<void>;
}

/**
 * Starts the system: PostgreSQL and Kafka side by side, then the services side by side; resolves when all are ready. Rejects with
 * `StackError`; then nothing is left running. `signal` gives up a start that has not finished.
 */
export async function startStack(options: StackOptions = {}, signal?: AbortSignal): Promise<Stack> {
  const home = new Home(options.home ?? temporaryHome());
  home.open();
  const release = home.claim();
  const say = options.say ?? ((): void => undefined);
  const supervisor = new Supervisor({ home, say, ...(options.show ? { show: options.show } : {}) });
  const cleanUp = once(async () => {
    await supervisor.stop();
    release();
    if (options.home !== undefined) return;
    await removeOutsideData(home.postgres);
    rmSync(home.path, { recursive: true, force: true });
  });
  const giveUp = (): void => void supervisor.stop();
  signal?.addEventListener('abort', giveUp);
  if (signal?.aborted) giveUp();
  try {
    await stopEarlierRun(home, say);
    return await start({ options, home, supervisor, say, cleanUp });
  } catch (error) {
    await cleanUp();
    throw error;
  } finally {
    signal?.removeEventListener('abort', giveUp);
  }
}

async function stopEarlierRun(home: Home, say: Say): Promise<void> {
  const left = await stopLeftovers(home);
  home.writeProcesses({});
  if (left.length > 0)
    say(`stopped what an earlier run had left: ${left.map(({ name, pid }) => `${name} (${pid})`).join(', ')}`);
}

async function reset(home: Home, { brokers, databaseUrl }: StackOptions, say: Say): Promise<void> {
  // An existing database holds what only these secrets open.
  home.reset(databaseUrl === undefined ? [] : [Home.SECRETS]);
  home.writeProcesses({});
  await removeOutsideData(home.postgres);
  say(`deleted what earlier runs have kept in ${home.path}`);
  if (brokers) say(`the Kafka at ${brokers.join(', ')} keeps what it has`);
  if (databaseUrl !== undefined) say('the database of DATABASE_URL keeps what it has');
}

interface Beginning {
  readonly options: StackOptions;
  readonly home: Home;
  readonly supervisor: Supervisor;
  readonly say: Say;
  readonly cleanUp: () => Promise<void>;
}

async function start({ options, home, supervisor, say, cleanUp }: Beginning): Promise<Stack> {
  const ports = await choosePorts(options);
  const services = options.services ?? SERVICES;
  const stores = (options.stores ?? ['kafka', 'postgres']).filter((store) => !isExisting(store, options));
  const more = services.includes('subscription') ? (['grpc', 'management'] as const) : [];
  await refusePortsInUse(ports, [...stores, ...services, ...more]);
  await checkExisting(options);
  if (options.reset) await reset(home, options, say);
  const secrets = home.secrets();
  const postgres = postgresOptions(options, home, ports, secrets);
  const surroundings = surroundingsOf(options, ports, secrets, options.databaseUrl ?? postgresUrl(postgres));
  const definitions = services.map((name) => serviceDefinition(name, surroundings));

  if (stores.length > 0) say(`starting ${stores.join(' and ')}`);
  const kafka = { folder: home.kafka, port: ports.kafka };
  const storeDefinition = async (store: Store): Promise<ProcessDefinition> =>
    store === 'kafka' ? embeddedKafka(kafka) : embeddedPostgres(postgres);
  await supervisor.start(await Promise.all(stores.map(storeDefinition)), options.timeoutMs);
  if (services.length > 0) say(`starting ${services.join(', ')}`);
  await supervisor.start(definitions, options.timeoutMs);

  const credentials = credentialsOf(surroundings);
  home.writeCredentials(credentials);
  return {
    home: home.path,
    credentials,
    brokers: surroundings.brokers,
    databaseUrl: surroundings.databaseUrl,
    ports,
    managementUrls: Object.fromEntries(SERVICES.map((name) => [name, managementUrl(name, ports)])) as Record<
      ServiceName,
      string
    >,
    urls: Object.fromEntries(SERVICES.map((name) => [name, serviceUrl(name, ports)])) as Record<ServiceName, string>,
    ...controls([...stores, ...services], supervisor, ports),
    stop: cleanUp,
  };
}

function controls(
  names: readonly ProcessName[],
  supervisor: Supervisor,
  ports: StackPorts,
): Pick<Stack, 'pids' | 'processes' | 'kill' | 'hold' | 'release' | 'ready'> {
  return {
    pids: () => supervisor.pids(),
    processes: () => describe(names, supervisor, ports),
    kill: (name, signal = 'SIGKILL') => supervisor.process(name).kill(signal),
    hold: (name) => {
      supervisor.process(name).hold();
    },
    release: (name) => {
      supervisor.process(name).release();
    },
    ready: (name, timeoutMs) => supervisor.process(name).whenReady(timeoutMs),
  };
}

function postgresOptions(
  { durable = true }: StackOptions,
  home: Home,
  ports: StackPorts,
  { postgresPassword }: Secrets,
): EmbeddedPostgresOptions {
  return {
    folder: home.postgres,
    port: ports.postgres,
    password: postgresPassword,
    database: 'postduif',
    durable,
  };
}

function surroundingsOf(
  { brokers, environment = process.env, env = {} }: StackOptions,
  ports: StackPorts,
  secrets: Secrets,
  databaseUrl: string,
): ServiceSurroundings {
  return {
    ports,
    secrets,
    brokers: brokers ?? [`${LOOPBACK}:${ports.kafka}`],
    databaseUrl,
    environment,
    overrides: env,
  };
}

/** The account and the token that `subscription` is told to make. */
function credentialsOf(surroundings: ServiceSurroundings): Credentials {
  const { BOOTSTRAP_TOKEN = '', BOOTSTRAP_ACCOUNT = '' } = serviceEnvironment('subscription', surroundings);
  return {
    api: serviceUrl('subscription', surroundings.ports),
    ingest: serviceUrl('event-ingest', surroundings.ports),
    token: BOOTSTRAP_TOKEN,
    account: BOOTSTRAP_ACCOUNT,
    brokers: surroundings.brokers,
  };
}

function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => (done ??= work());
}

async function choosePorts(options: StackOptions): Promise<StackPorts> {
  const free = await freePorts();
  return options.ports === undefined || options.ports === 'free' ? free : { ...free, ...options.ports };
}

function isExisting(store: Store, { brokers, databaseUrl }: StackOptions): boolean {
  return store === 'kafka' ? brokers !== undefined : databaseUrl !== undefined;
}

async function refusePortsInUse(ports: StackPorts, parts: readonly (keyof StackPorts)[]): Promise<void> {
  const taken = portsTaken(ports, parts);
  const free = await Promise.all(taken.map(({ port }) => isFree(port)));
  const used = taken.filter((_, index) => !free[index]);
  if (used.length === 0) return;
  const lines = used.map(({ port, setting }) => `Port ${port} is in use on ${LOOPBACK} (setting: ${setting}).`);
  const name = used[0]?.setting.split(' ')[0] ?? '';
  throw new StackError(
    'port_in_use',
    `${lines.join('\n')}\nStop what uses it, or choose another port, such as: ${name}=${(used[0]?.port ?? 0) + 100} npm start`,
  );
}

async function checkExisting({ brokers, databaseUrl }: StackOptions): Promise<void> {
  const kafka = brokers ? await brokerState(brokers) : true;
  if (kafka !== true)
    throw new StackError(
      'kafka_unreachable',
      `No Kafka answers at KAFKA_BROKERS (${(brokers ?? []).join(', ')}): ${kafka}`,
    );
  const postgres = databaseUrl === undefined ? true : await databaseUrlState(databaseUrl);
  if (postgres !== true)
    throw new StackError('postgres_unreachable', `The database of DATABASE_URL cannot be used: ${postgres}`);
}

async function describe(
  names: readonly ProcessName[],
  supervisor: Supervisor,
  ports: StackPorts,
): Promise<ProcessInfo[]> {
  const pids = supervisor.pids();
  const memory = await memoryOf(Object.values(pids));
  return names.map((name) => {
    const pid = pids[name];
    const address = name === 'kafka' || name === 'postgres' ? `${LOOPBACK}:${ports[name]}` : serviceUrl(name, ports);
    return { name, address, pid, memory: pid === undefined ? 0 : (memory.get(pid) ?? 0) };
  });
}
