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
  problems.push(...sharedPorts(ports));
  if (problems.length > 0) throw new StackError('setting_invalid', problems.join('\n'));
  return {
    home: resolve(root, given(environment.POSTDUIF_HOME) ?? '.postduif'),
    ports,
    brokers: list(environment.KAFKA_BROKERS),
    databaseUrl: given(environment.DATABASE_URL),
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

function list(text: string | undefined): string[] | undefined {
  const parts = (text ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  return parts.length > 0 ? parts : undefined;
}
