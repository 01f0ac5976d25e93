import { resolve } from 'node:path';
import { ROOT } from '../setup/paths.mjs';
import { PORT_SETTINGS, portsTaken } from './ports.js';
import type { StackPorts } from './ports.js';
import { StackError } from './stack-error.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** What `npm start` reads from the environment for itself. */
export interface StackSettings {
  readonly home: string;
  readonly ports: StackPorts;
  /** An existing Kafka to use; `host:port` each. */
  readonly brokers: readonly string[] | undefined;
  /** An existing PostgreSQL to use. */
  readonly databaseUrl: string | undefined;
}

/** Throws `StackError` with all that is wrong. */
export function readSettings(environment: Environment, root = ROOT): StackSettings {
  const problems: string[] = [];
  const entries = Object.entries(PORT_SETTINGS).map(([part, { setting, port }]) => {
    const text = environment[setting] ?? '';
    const value = text === '' ? port : Number(text);
    if (!/^\d{0,5}$/.test(text) || value < 1 || value > 65_534)
      problems.push(`${setting} is "${text}"; it must be a port from 1 to 65534`);
    return [part, value];
  });
  const ports = Object.fromEntries(entries) as StackPorts;
  const brokers = list(environment.KAFKA_BROKERS);
  const databaseUrl = given(environment.DATABASE_URL);
  problems.push(...sharedPorts(ports), ...wrongBrokers(brokers), ...wrongDatabase(databaseUrl));
  if (problems.length > 0) throw new StackError('setting_invalid', problems.join('\n'));
  return {
    home: resolve(root, given(environment.POSTDUIF_HOME) ?? '.postduif'),
    ports,
    brokers,
    databaseUrl,
  };
}

/** An empty variable counts as absent. */
function given(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}

function sharedPorts(ports: StackPorts): string[] {
  const seen = new Map<number, string>();
  const problems: string[] = [];
  for (const { port, setting } of portsTaken(ports, Object.keys(PORT_SETTINGS) as (keyof StackPorts)[])) {
    const other = seen.get(port);
    if (other !== undefined) problems.push(`${other} and ${setting} are both ${port}; they must differ`);
    seen.set(port, setting);
  }
  return problems;
}

function wrongBrokers(brokers: readonly string[] = []): string[] {
  const wrong = brokers.filter((broker) => {
    const port = /^(?:[^\s:]+|\[[0-9a-fA-F:]+\]):(\d{1,5})$/.exec(broker)?.[1];
    return port === undefined || Number(port) > 65_535;
  });
  return wrong.map((broker) => `KAFKA_BROKERS holds "${broker}"; it must be host:port, comma separated`);
}

/** Its value is never shown: it may hold a password. */
function wrongDatabase(url: string | undefined): string[] {
  const right = url === undefined || (URL.canParse(url) && /^postgres(ql)?:$/.test(new URL(url).protocol));
  return right ? [] : ['DATABASE_URL must be an address such as postgres://user:password@host:5432/database'];
}

function list(text: string | undefined): string[] | undefined {
  const parts = (text ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  return parts.length > 0 ? parts : undefined;
}
