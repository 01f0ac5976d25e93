import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Home } from './home.js';
import { stackMarkers, stopLeftovers } from './leftovers.js';
import { isAlive } from './process-table.js';
import { temporaryFolder } from './testing/temporary-folder.js';
import { until } from './testing/until.js';

jest.setTimeout(30_000);

describe('what an earlier run has left running', () => {
  const folder = temporaryFolder();
  const children: ChildProcess[] = [];
  let home: Home;
  /** A real program that says in `<name>.heard` which signal it got, and then ends unless it is stubborn. */
  const leave = async (name: string, { stubborn = false } = {}): Promise<ChildProcess> => {
    writeFileSync(
      folder(`${name}.mjs`),
      `import { appendFileSync, writeFileSync } from 'node:fs';
       for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => {
         appendFileSync(${JSON.stringify(folder('heard'))}, '${name} ' + signal + '\\n');
         ${stubborn ? '' : 'process.exit(0);'}
       });
       setInterval(() => undefined, 1_000);
       writeFileSync(${JSON.stringify(folder(`${name}.runs`))}, '');`,
    );
    const child = spawn(process.execPath, [folder(`${name}.mjs`)], { stdio: 'ignore' });
    children.push(child);
    await until(() => existsSync(folder(`${name}.runs`)), `${name} runs`);
    return child;
  };
  const markers = (...names: string[]): Record<string, string[]> =>
    Object.fromEntries(names.map((name) => [name, [folder(`${name}.mjs`)]]));
  const heard = (): string[] => readFileSync(folder('heard'), 'utf8').trim().split('\n');

  beforeEach(() => {
    home = new Home(folder('home'));
    home.open();
  });
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
  });

  it('given processes of ours, then all are ended: services first, then Kafka, then PostgreSQL in its own way', async () => {
    const pids: Record<string, number> = {};
    for (const name of ['postgres', 'kafka', 'delivery']) pids[name] = (await leave(name)).pid!;
    home.writeProcesses(pids);

    const left = await stopLeftovers(home, markers('postgres', 'kafka', 'delivery'));

    expect(left).toEqual(Object.entries(pids).map(([name, pid]) => ({ name, pid })));
    expect(heard()).toEqual(['delivery SIGTERM', 'kafka SIGTERM', 'postgres SIGINT']);
  });

  it('given a process id that another program has got, then that is left alone', async () => {
    const stranger = await leave('stranger');
    home.writeProcesses({ kafka: stranger.pid! });

    expect(await stopLeftovers(home, markers('kafka'))).toEqual([]);
    expect(isAlive(stranger.pid!)).toBe(true);
  });

  it('given a name that no stack has, then it is left alone', async () => {
    const stranger = await leave('stranger');
    home.writeProcesses({ stranger: stranger.pid! });

    expect(await stopLeftovers(home)).toEqual([]);
    expect(isAlive(stranger.pid!)).toBe(true);
  });

  it('given a process that has ended, then there is nothing to do', async () => {
    const child = await leave('kafka');
    child.kill('SIGKILL');
    await once(child, 'exit');
    home.writeProcesses({ kafka: child.pid! });

    expect(await stopLeftovers(home, markers('kafka'))).toEqual([]);
  });

  it('given one that does not stop, then it is killed', async () => {
    const child = await leave('delivery', { stubborn: true });
    home.writeProcesses({ delivery: child.pid! });

    await stopLeftovers(home, markers('delivery'), 200);

    await until(() => child.signalCode === 'SIGKILL', 'it is killed');
    expect(heard()).toEqual(['delivery SIGTERM']);
  });

  it('when a stack looks for its own, then by what no other stack has in its command lines', () => {
    const own = stackMarkers(home);
    const other = stackMarkers(new Home(folder('other')));

    expect(Object.keys(own).sort()).toEqual([
      'delivery',
      'event-ingest',
      'fan-out',
      'history',
      'kafka',
      'postgres',
      'subscription',
    ]);
    expect(own.kafka).not.toEqual(other.kafka);
    expect(own.postgres?.filter((marker) => other.postgres?.includes(marker))).toEqual([]);
  });
});
