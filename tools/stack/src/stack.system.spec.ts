import { existsSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Client } from 'pg';
import { postgresUrl, removeOutsideData } from './embedded-postgres.js';
import { Home } from './home.js';
import type { Credentials, Secrets } from './home.js';
import { stopLeftovers } from './leftovers.js';
import { freePort, freePorts, isOpen } from './ports.js';
import type { StackPorts } from './ports.js';
import { isAlive } from './process-table.js';
import { startStack } from './stack.js';
import type { ProcessName, Stack, StackOptions } from './stack.js';
import { temporaryHome } from './test-folder.js';
import { StartProgram } from './testing/start-program.js';
import { until } from './testing/until.js';

jest.setTimeout(300_000);

const PROCESSES = ['delivery', 'event-ingest', 'fan-out', 'history', 'kafka', 'postgres', 'subscription'];

/** The tests of this file go on from each other: one home lives through them, as that of a newcomer does. */
describe('npm start, from one home', () => {
  let home: Home;
  let ports: StackPorts;
  let stack: Stack | undefined;
  let program: StartProgram;
  let credentials: Credentials;
  const said: string[] = [];
  const start = (options: StackOptions = {}): Promise<Stack> =>
    startStack({ home: home.path, ports, durable: false, say: (text) => said.push(text), ...options });
  const readCredentials = (): Credentials => JSON.parse(readFileSync(home.credentials, 'utf8')) as Credentials;
  const pids = (): number[] => Object.values(home.processes());
  const handlers = async (): Promise<unknown[]> => {
    const response = await call('GET', '/v4/webhooks');
    return ((await response.json()) as { data: { handler: unknown }[] }).data.map(({ handler }) => handler);
  };
  const call = async (method: string, path: string, body?: object): Promise<Response> => {
    const { api, token } = readCredentials();
    const response = await fetch(`${api}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    if (!response.ok) throw new Error(`${method} ${path} is answered ${response.status}: ${await response.text()}`);
    return response;
  };
  const nothingRuns = async (before: readonly number[]): Promise<void> => {
    expect(home.processes()).toEqual({});
    expect(before.filter((pid) => isAlive(pid))).toEqual([]);
    const open = await Promise.all(Object.values<number>({ ...ports }).map((port) => isOpen(port)));
    expect(open).not.toContain(true);
  };

  beforeAll(async () => {
    home = new Home(temporaryHome());
    ports = await freePorts();
  });
  afterAll(async () => {
    await stack?.stop();
    await stopLeftovers(home);
    await removeOutsideData(home.postgres);
    rmSync(home.path, { recursive: true, force: true });
  });

  it('given a new home, then everything starts, and credentials.json lets one in at the front door', async () => {
    stack = await start();

    credentials = readCredentials();
    expect(credentials).toEqual({
      api: `http://127.0.0.1:${ports.subscription}`,
      ingest: `http://127.0.0.1:${ports['event-ingest']}`,
      token: expect.stringMatching(/^pd_/),
      account: '1',
      brokers: [`127.0.0.1:${ports.kafka}`],
    });
    expect(statSync(home.credentials).mode & 0o777).toBe(0o600);
    const handler = `http://127.0.0.1:${await freePort()}/hook`;
    expect((await call('POST', '/v4/webhooks', { handler, trigger: 'create' })).status).toBe(201);
    expect(await handlers()).toEqual([handler]);
    const event = { type: 'create', database: 1, profile: 2, data: { fields: {} } };
    expect((await call('POST', '/v1/events', event)).status).toBe(202);
  });

  it('when it runs, then processes.json names every process, and all together take less than 1.5 GB', async () => {
    expect(Object.keys(home.processes()).sort()).toEqual(PROCESSES);
    expect(home.processes()).toEqual(stack?.pids());
    expect(pids().every(isAlive)).toBe(true);
    const memory = (await stack!.processes()).map((process) => process.memory);
    expect(Math.min(...memory)).toBeGreaterThan(10_000_000);
    expect(memory.reduce((sum, bytes) => sum + bytes)).toBeLessThan(1_500_000_000);
  });

  it('when it runs, then the databases know their migrations by the names of these, which bundling has not changed', async () => {
    const client = new Client({ connectionString: stack!.databaseUrl });
    await client.connect();
    const { rows } = await client.query<{ name: string }>(
      'SELECT name FROM config.migrations UNION ALL SELECT name FROM history.migrations',
    );
    await client.end();

    expect(rows.length).toBeGreaterThan(0);
    expect(rows.filter(({ name }) => !/^[A-Z][A-Za-z]+\d{13}$/.test(name))).toEqual([]);
  });

  it.each<ProcessName>(['delivery', 'postgres', 'kafka'])(
    'given kill -9 of %s, then that is said, it is started again, and processes.json is current',
    async (name) => {
      const before = home.processes();
      said.length = 0;

      expect(stack!.kill(name)).toBe(before[name]);
      await stack!.ready(name);
      await until(() => said.includes(`${name} is ready again`), 'it is said that it is ready again');

      expect(said).toContain(`${name} was ended by SIGKILL; starting it again in 0.1 s`);
      expect(home.processes()).toEqual({ ...before, [name]: home.processes()[name] });
      expect(home.processes()[name]).not.toBe(before[name]);
      expect(isAlive(home.processes()[name]!)).toBe(true);
    },
  );

  it('given that it was stopped, then nothing is left', async () => {
    const before = pids();

    await stack!.stop();
    stack = undefined;

    await nothingRuns(before);
  });

  it('given a second start, then data and credentials are still there', async () => {
    program = new StartProgram('supervisor', { home: home.path, ports });
    await program.ready();

    expect(readCredentials()).toEqual(credentials);
    expect(program.output).toContain(credentials.token);
    expect(await handlers()).toHaveLength(1);
    expect(Object.keys(home.processes()).sort()).toEqual(PROCESSES);
  });

  it('given that it runs, then no other one may from the same home', async () => {
    await expect(start()).rejects.toMatchObject({
      code: 'already_running',
      message: expect.stringContaining(home.path),
    });
  });

  it('given ports that it uses, then another one names each of them with its setting, and starts nothing', async () => {
    const other = startStack({ ports: { ...(await freePorts()), delivery: ports.delivery, kafka: ports.kafka - 1 } });

    await expect(other).rejects.toMatchObject({ code: 'port_in_use' });
    await expect(other).rejects.toThrow(
      `Port ${ports.delivery} is in use on 127.0.0.1 (setting: POSTDUIF_DELIVERY_PORT).`,
    );
    await expect(other).rejects.toThrow(
      `Port ${ports.kafka} is in use on 127.0.0.1 (setting: POSTDUIF_KAFKA_PORT plus one).`,
    );
  });

  it('given an existing Kafka and an existing PostgreSQL, then these are used and none is started', async () => {
    const { postgresPassword } = JSON.parse(readFileSync(join(home.path, Home.SECRETS), 'utf8')) as Secrets;
    const databaseUrl = postgresUrl({
      folder: home.postgres,
      port: ports.postgres,
      password: postgresPassword,
      database: 'postduif',
    });

    const guest = await startStack({
      brokers: credentials.brokers,
      databaseUrl,
      services: ['history'],
      env: { all: { KAFKA_TOPIC_PREFIX: 'guest.' } },
    });

    try {
      expect(Object.keys(guest.pids())).toEqual(['history']);
      expect(guest.credentials.brokers).toEqual(credentials.brokers);
      expect(guest.databaseUrl).toBe(databaseUrl);
    } finally {
      await guest.stop();
    }
  });

  it('given addresses at which there are none, then that is said before anything starts', async () => {
    const port = await freePort();
    const events: string[] = [];
    const say = (text: string): unknown => events.push(text);

    await expect(startStack({ say, brokers: [`127.0.0.1:${port}`] })).rejects.toMatchObject({
      code: 'kafka_unreachable',
      message: expect.stringContaining(`No Kafka answers at KAFKA_BROKERS (127.0.0.1:${port})`),
    });
    const refused = startStack({
      say,
      databaseUrl: `postgres://postgres:wrong-password@127.0.0.1:${ports.postgres}/x`,
    });
    await expect(refused).rejects.toMatchObject({ code: 'postgres_unreachable' });
    await expect(refused).rejects.toThrow(
      /^(?!.*wrong-password).*DATABASE_URL cannot be used: password authentication failed/,
    );
    expect(events).toEqual([]);
  });

  it('given kill -9 of the supervisor, then what it left is stopped by the next start, which comes up as ever', async () => {
    await program.end('SIGKILL');
    const left = home.processes();
    expect(Object.values(left).every(isAlive)).toBe(true);

    program = new StartProgram('run.mjs', { home: home.path, ports });
    await program.ready();

    for (const [name, pid] of Object.entries(left)) expect(program.output).toContain(`${name} (${pid})`);
    expect(program.output).toContain('stopped what an earlier run had left: ');
    expect(Object.values(left).filter(isAlive)).toEqual([]);
    expect(Object.keys(home.processes()).sort()).toEqual(PROCESSES);
    expect(readCredentials()).toEqual(credentials);
  });

  it('given SIGTERM, then everything is stopped in order, and nothing is left', async () => {
    const before = pids();

    expect(await program.end('SIGTERM')).toBe(0);

    await nothingRuns(before);
    const stops = program.output
      .split('\n')
      .map((line) => /^(\S+) .* (?:INFO: )(stopping|stopped)/.exec(line))
      .flatMap((found) => (found ? [`${found[1]} ${found[2]}`] : []));
    const inOrder = ['event-ingest stopped', 'fan-out stopping', 'fan-out stopped', 'delivery stopping'].concat(
      'delivery stopped',
      'history stopping',
      'history stopped',
    );
    expect(stops.filter((stop) => inOrder.includes(stop))).toEqual(inOrder);
    expect(stops.indexOf('subscription stopped')).toBeLessThan(stops.indexOf('fan-out stopping'));
    // The stores come last, and leave in peace.
    expect(existsSync(join(home.kafka, 'data', '.kafka_cleanshutdown'))).toBe(true);
    expect(readFileSync(join(home.logs, 'postgres.log'), 'utf8')).toContain('database system is shut down');
    expect(program.output).toContain('stopped; the data stays');
  });

  it('given a reset, then all is forgotten', async () => {
    said.length = 0;

    stack = await start({ reset: true, services: ['subscription'] });

    expect(said[0]).toBe(`deleted what earlier runs have kept in ${home.path}`);
    expect(readCredentials().token).not.toBe(credentials.token);
    expect(await handlers()).toEqual([]);
  });
});
