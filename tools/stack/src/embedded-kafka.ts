import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createKafka, withAdmin } from '@postduif/kafka';
import { findJava, LEAST_JAVA } from '../setup/java.mjs';
import { ensureKafkaJars } from '../setup/kafka-jars.mjs';
import { ROOT } from '../setup/paths.mjs';
import { LEVELS } from './log-line.js';
import type { LogLevel } from './log-line.js';
import { isOpen, LOOPBACK } from './ports.js';
import type { ProcessDefinition } from './process-definition.js';
import { StackError } from './stack-error.js';

const MIB = 1024 * 1024;
const PROBE_TIMEOUT_MS = 2_000;

export interface EmbeddedKafkaOptions {
  /** Folder of its own for data and settings. */
  readonly folder: string;
  /** The broker's port; the controller has the next one. */
  readonly port: number;
}

/** Apache Kafka as one process, broker and controller (KRaft), reachable at 127.0.0.1 only. Downloads it when needed. */
export async function embeddedKafka({ folder, port }: EmbeddedKafkaOptions): Promise<ProcessDefinition> {
  const jvm = [...jvmOptions(), '-cp', join(await ensureKafkaJars(), '*')];
  const properties = kafkaMarker(folder);
  const java = await javaPath();
  const brokers = [`${LOOPBACK}:${port}`];
  return {
    name: 'kafka',
    command: java,
    args: ['-Xms256m', '-Xmx512m', ...jvm, 'kafka.Kafka', properties],
    env: javaEnvironment(),
    cwd: folder,
    marker: properties,
    prepare: async () => {
      // Holds what customers are sent.
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await writeFile(properties, serverProperties(port, 'data'));
      if (!existsSync(join(folder, 'data'))) await format(java, jvm, folder, port);
    },
    ready: async () => ((await isOpen(port)) ? brokerState(brokers) : 'does not listen yet'),
    stopSignal: 'SIGTERM',
    stopTimeoutMs: 20_000,
    stopStage: 10,
    levelOf: kafkaLevel,
    shownFrom: LEVELS.error,
  };
}

/** What is in the command line of the broker of a folder: the path of its settings. */
export function kafkaMarker(folder: string): string {
  return join(folder, 'server.properties');
}

/** True when the brokers answer and know of at least one among them that is ready; otherwise what is wrong. */
export async function brokerState(brokers: readonly string[]): Promise<true | string> {
  const kafka = createKafka({
    clientId: 'postduif-stack',
    brokers,
    log: silent,
    connectionTimeoutMs: PROBE_TIMEOUT_MS,
    requestTimeoutMs: PROBE_TIMEOUT_MS,
  });
  try {
    const cluster = await withAdmin(kafka, (admin) => admin.describeCluster());
    return cluster.brokers.length > 0 ? true : 'no broker is ready';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

const nothing = (): void => undefined;
const silent = { trace: nothing, debug: nothing, info: nothing, warn: nothing, error: nothing };

async function javaPath(): Promise<string> {
  const path = process.env.POSTDUIF_JAVA ?? (await findJava()).path;
  if (path === undefined)
    throw new StackError('java_missing', `Kafka needs Java ${LEAST_JAVA} or later; set JAVA_HOME.`);
  return path;
}

/** Sized for a few cores and little memory: the serial collector has the smallest footprint, and pauses of a few milliseconds. */
function jvmOptions(): string[] {
  return [
    '-XX:+UseSerialGC',
    '-XX:+ExitOnOutOfMemoryError',
    '-XX:-UsePerfData',
    '-Xshare:auto',
    '-Djava.awt.headless=true',
    `-Dlog4j2.configurationFile=${join(ROOT, 'tools', 'stack', 'kafka', 'log4j2.xml')}`,
  ];
}

/** Without what would change the virtual machine behind our back; any path can be named in UTF-8. */
function javaEnvironment(): NodeJS.ProcessEnv {
  const { JAVA_TOOL_OPTIONS: _tool, _JAVA_OPTIONS: _options, ...rest } = process.env;
  return { ...rest, LC_ALL: process.platform === 'darwin' ? 'en_US.UTF-8' : 'C.UTF-8' };
}

/** Kafka's own log is JSON with levels; anything else comes from the virtual machine. */
function kafkaLevel(line: string): LogLevel {
  return /warning/i.test(line) ? LEVELS.warn : LEVELS.error;
}

/** The data folder appears formatted or not at all. */
async function format(java: string, jvm: readonly string[], folder: string, port: number): Promise<void> {
  const temporary = join(folder, 'data.new');
  const properties = join(folder, 'format.properties');
  await rm(temporary, { recursive: true, force: true });
  await writeFile(properties, serverProperties(port, 'data.new'));
  const tool = [
    'kafka.tools.StorageTool',
    'format',
    '--standalone',
    `--cluster-id=${clusterId()}`,
    '--config',
    properties,
  ];
  // A short run: compile quickly rather than well.
  await promisify(execFile)(java, ['-XX:TieredStopAtLevel=1', ...jvm, ...tool], {
    cwd: folder,
    env: javaEnvironment(),
  });
  await rename(temporary, join(folder, 'data'));
}

/** 16 bytes in URL-safe base64, as Kafka wants them. */
function clusterId(): string {
  return randomBytes(16).toString('base64url');
}

/** `data` is relative to the program's folder: a path of the user's may hold what Kafka takes for a separator. */
function serverProperties(port: number, data: string): string {
  const broker = `PLAINTEXT://${LOOPBACK}:${port}`;
  const settings: Record<string, string | number | boolean> = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.bootstrap.servers': `${LOOPBACK}:${port + 1}`,
    listeners: `${broker},CONTROLLER://${LOOPBACK}:${port + 1}`,
    'advertised.listeners': broker,
    'controller.listener.names': 'CONTROLLER',
    'log.dirs': data,
    'auto.create.topics.enable': false,
    // One node holds the only copy of everything.
    'default.replication.factor': 1,
    'offsets.topic.replication.factor': 1,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
    'offsets.topic.num.partitions': 4,
    // Commits are many, and all since the last cleaning are loaded at a start. If that takes so long that the broker is fenced meanwhile, Kafka
    // may take half of them for all (as of 4.3.1), and its groups then stay away until its next start.
    'offsets.topic.segment.bytes': MIB,
    'transaction.state.log.num.partitions': 4,
    'share.coordinator.state.topic.num.partitions': 4,
    'group.initial.rebalance.delay.ms': 0,
    'message.max.bytes': 8 * MIB,
    'replica.fetch.max.bytes': 8 * MIB,
    // After kill -9 the controller lets the broker in again only when its old session is over: 9 s by default.
    'broker.session.timeout.ms': 3_000,
    'broker.heartbeat.interval.ms': 500,
    // Small enough for many partitions on a laptop; the cleaner would take 128 MiB of the heap.
    'log.segment.bytes': 256 * MIB,
    'log.index.size.max.bytes': 2 * MIB,
    'log.cleaner.dedupe.buffer.size': 16 * MIB,
    'num.network.threads': 2,
    'num.io.threads': 4,
  };
  return `${Object.entries(settings)
    .map(([name, value]) => `${name}=${value}`)
    .join('\n')}\n`;
}
