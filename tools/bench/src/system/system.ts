import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { CreateWebhook } from '@postduif/contracts';
import { SERVICES, startStack } from '@postduif/stack';
import type { ServiceName, Stack, StackOptions } from '@postduif/stack';
import { closedLoop } from '../load/pace.js';
import type { LoadCommands } from '../load/load-process.js';
import { metricIn } from '../measuring/metrics-text.js';
import type { Observed } from '../measuring/resource-monitor.js';
import { ResourceMonitor } from '../measuring/resource-monitor.js';
import { mustBe } from '../measuring/until.js';
import { Child } from '../processes/child.js';
import { Poster } from '../processes/poster.js';
import { Profiler } from '../profiles/profiler.js';
import type { Profiled } from '../profiles/profiler.js';
import type { ReceiverCommands } from '../receiver/receiver-process.js';
import { Api } from './api.js';
import { LiveLoad } from './live-load.js';
import type { Route } from './live-load.js';
import { verifySamples } from './signatures.js';
import { StoredHistory } from './stored-history.js';

export interface SystemOptions {
  /** Folder of its own, emptied before the start. */
  readonly home: string;
  /** Folder for a CPU profile of each service, from the end of the last warm-up to the end; none when absent. */
  readonly profiles?: string | undefined;
  readonly say: (text: string) => void;
  readonly signal: AbortSignal;
}

export interface LoadOptions {
  readonly routes: readonly Route[];
  readonly count: number;
  /** Events a second over HTTP; absent: as fast as they are accepted. */
  readonly rate?: number;
  /** Default http. */
  readonly way?: 'http' | 'topic';
}

/** Connections of the load generator to event-ingest. */
export const LOAD_CONNECTIONS = 64;
const API_CONNECTIONS = 16;
const PATIENCE_MS = 120_000;
/** Not part of the system; their share of the CPU is told apart. */
export const OWN_PROCESSES: readonly string[] = ['load', 'receivers', 'supervisor'];

/** The system under test, as `npm start` starts it, with receivers and a load generator in processes of their own. */
export class System {
  readonly receivers = new Child<ReceiverCommands>('receivers', '../receiver/receiver-process.js', import.meta.url);
  readonly monitor: ResourceMonitor;
  readonly history: StoredHistory;
  readonly #load = new Child<LoadCommands>('load', '../load/load-process.js', import.meta.url);
  readonly #api: Api;
  readonly #encryptionKey: string;
  readonly #webhooks = new Map<number, string>();
  readonly #ports: number[] = [];
  #second: Stack | undefined;
  #stopping: Promise<void> | undefined;
  #events = 0;
  #created = 0;
  #postgres = 'unknown';

  static async start(options: SystemOptions): Promise<System> {
    const encryptionKey = randomBytes(32).toString('base64');
    const profiled =
      options.profiles === undefined
        ? []
        : await Promise.all(SERVICES.map(async (name) => ({ name, port: await freePort() })));
    const stack = await startStack(
      {
        home: options.home,
        reset: true,
        say: options.say,
        env: environment(encryptionKey, profiled),
      },
      options.signal,
    );
    const system = new System(stack, options, encryptionKey, new Profiler(profiled));
    system.#postgres = await system.history.open();
    await system.monitor.start();
    return system;
  }

  private constructor(
    readonly stack: Stack,
    private readonly options: SystemOptions,
    encryptionKey: string,
    private readonly profiler: Profiler,
  ) {
    const { api, token } = stack.credentials;
    this.#encryptionKey = encryptionKey;
    this.#api = new Api(new Poster({ url: api, token, connections: API_CONNECTIONS }));
    this.history = new StoredHistory(stack.databaseUrl);
    this.monitor = new ResourceMonitor(() => this.#observe());
  }

  /** Version of the database. */
  get postgres(): string {
    return this.#postgres;
  }

  /** Starts so many receivers more; resolves to their numbers. */
  async openReceivers(count: number): Promise<number[]> {
    const first = this.#ports.length;
    this.#ports.push(...(await this.receivers.ask('open', count)));
    return Array.from({ length: count }, (_, index) => first + index);
  }

  /** Makes webhooks through the API, each to a receiver, and waits until fan-out knows them. */
  async createWebhooks(webhooks: readonly (Omit<CreateWebhook, 'handler'> & { receiver: number })[]): Promise<void> {
    await closedLoop(webhooks.length, API_CONNECTIONS, async (index) => {
      const { receiver = 0, ...properties } = webhooks[index] ?? { trigger: '' };
      const handler = `http://127.0.0.1:${this.#ports[receiver] ?? 0}/hook`;
      this.#webhooks.set(receiver, await this.#api.createWebhook({ handler, ...properties }));
    });
    this.#created += webhooks.length;
    await mustBe(
      'fan-out has the webhooks',
      PATIENCE_MS,
      async () => (await this.metric('fan-out', 'postduif_fan_out_webhooks')) >= this.#created,
    );
  }

  /** Begins to send events. */
  async begin({ routes, count, rate, way = 'http' }: LoadOptions): Promise<LiveLoad> {
    const first = this.#events;
    this.#events += count;
    const { ingest, token, account, brokers } = this.stack.credentials;
    const load = { first, count, shapes: routes.map(({ shape }) => shape) };
    const arrivedBefore = await this.receivers.ask('count', undefined);
    const sent =
      way === 'http'
        ? this.#load.ask('sendOverHttp', { ...load, url: ingest, token, rate, connections: LOAD_CONNECTIONS })
        : this.#load.ask('sendToTopic', { ...load, brokers, account });
    return new LiveLoad(sent, routes, { first, count, arrivedBefore }, (from) => this.receivers.ask('since', from));
  }

  /** Sends events until the code is compiled and connections are open, and waits until all is done. */
  async warmUp(load: LoadOptions): Promise<void> {
    const before = await this.attemptsStored();
    const live = await this.begin(load);
    if (!(await live.arrived(PATIENCE_MS))) throw new Error('the events of the warm-up did not arrive');
    await this.stored(before + live.deliveries.delivered(await live.sent).length);
    await this.profiler.start();
  }

  /** Attempts that history has stored since it was started. */
  attemptsStored(): Promise<number> {
    return this.metric('history', 'postduif_history_rows_total', 'attempts"');
  }

  /** Waits until history has stored so many attempts since it was started; resolves to the moment. */
  stored(attempts: number): Promise<number> {
    return mustBe('history is complete', PATIENCE_MS, async () => (await this.attemptsStored()) >= attempts);
  }

  /** Deliveries put on the wheel for want of room since delivery was started. */
  diversions(): Promise<number> {
    return this.metric('delivery', 'postduif_diversions_total');
  }

  /** A metric of a service, summed over its labels. */
  async metric(service: ServiceName, name: string, label?: string): Promise<number> {
    const response = await fetch(`${this.stack.managementUrls[service]}/metrics`);
    return metricIn(await response.text(), name, label);
  }

  /** Starts a second delivery process. Resolves when it is ready. */
  async addDelivery(): Promise<void> {
    const { brokers, databaseUrl } = this.stack;
    const env = { all: { ENCRYPTION_KEY: this.#encryptionKey } };
    const options: StackOptions = { services: ['delivery'], stores: [], brokers, databaseUrl, env };
    this.#second = await startStack({ ...options, home: join(this.options.home, '..', 'second') }, this.options.signal);
  }

  /** Verifies the signatures of the requests that receivers have kept; resolves to how many those are. Throws for a bad one. */
  async verifySignatures(): Promise<number> {
    const samples = await this.receivers.ask('samples', undefined);
    return verifySamples(samples, this.#api, (receiver) => this.#webhooks.get(receiver) ?? '');
  }

  /** A second call waits for the first. */
  stop(): Promise<void> {
    return (this.#stopping ??= this.#stop());
  }

  async #stop(): Promise<void> {
    this.monitor.stop();
    if (this.options.profiles !== undefined) await this.profiler.finish(this.options.profiles);
    this.#api.close();
    await this.history.close();
    this.#load.stop();
    this.receivers.stop();
    await this.#second?.stop();
    await this.stack.stop();
    // The logs stay for whoever wants to look; the data is of no use to anybody.
    for (const store of ['kafka', 'postgres']) rmSync(join(this.options.home, store), { recursive: true, force: true });
  }

  async #observe(): Promise<Observed[]> {
    const second = (await this.#second?.processes()) ?? [];
    return [
      ...(await this.stack.processes()),
      ...second.map(({ name, ...facts }) => ({ ...facts, name: `${name} 2` })),
      { name: 'load', pid: this.#load.pid, memory: 0 },
      { name: 'receivers', pid: this.receivers.pid, memory: 0 },
      { name: 'supervisor', pid: process.pid, memory: 0, seconds: ownSeconds() },
    ];
  }
}

function ownSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

function environment(encryptionKey: string, profiled: readonly Profiled[]): NonNullable<StackOptions['env']> {
  const inspected = profiled.map(({ name, port }) => [name, { NODE_OPTIONS: `--inspect=127.0.0.1:${port}` }]);
  return { all: { ENCRYPTION_KEY: encryptionKey }, ...(Object.fromEntries(inspected) as object) };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}
