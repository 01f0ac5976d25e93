import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Home } from './home.js';
import { parseLogLine } from './log-line.js';
import { isAlive } from './process-table.js';
import { RestartPause } from './restart-pause.js';
import { Supervisor } from './supervisor.js';
import { notes, program } from './testing/program.js';
import type { Behaviour } from './testing/program.js';
import { temporaryFolder } from './testing/temporary-folder.js';
import { until } from './testing/until.js';

jest.setTimeout(30_000);

describe('a supervisor', () => {
  const folder = temporaryFolder();
  let home: Home;
  let said: string[];
  let shown: string[];
  let supervisor: Supervisor;
  const define = (name: string, behaviour?: Behaviour) => program(folder(), name, behaviour);
  const hears = (text: string, times = 1): Promise<unknown> =>
    until(() => said.filter((line) => line === text).length >= times, `it is said that ${text}`);

  beforeEach(() => {
    home = new Home(folder('home'));
    home.open();
    said = [];
    shown = [];
    supervisor = new Supervisor({
      home,
      say: (text) => said.push(text),
      show: (_process, { lines }) => shown.push(...lines),
      pause: () => new RestartPause(10, 40),
    });
  });
  afterEach(async () => {
    await supervisor.stop();
  });

  describe('starting', () => {
    it('given programs that get ready, then it resolves when all are, and says nothing', async () => {
      await supervisor.start([define('one'), define('two')]);

      expect(supervisor.process('one').isReady && supervisor.process('two').isReady).toBe(true);
      expect(said).toEqual([]);
    });

    it('when processes run, then their ids are in processes.json', async () => {
      await supervisor.start([define('one'), define('two')]);

      const pids = home.processes();
      expect(pids).toEqual(supervisor.pids());
      expect(Object.keys(pids)).toEqual(['one', 'two']);
      expect(Object.values(pids).every(isAlive)).toBe(true);
    });

    it('given a program that never gets ready, then the start fails with what is missing and the path of its log', async () => {
      const start = supervisor.start([define('idle', { begin: '' })], 300);

      await expect(start).rejects.toMatchObject({
        code: 'did_not_start',
        message: `idle is not ready after 0.3 s (has not said so). Its log: ${join(home.logs, 'idle.log')}`,
      });
    });

    it('given a program that dies three times without ever being ready, then the start fails', async () => {
      const start = supervisor.start([define('broken', { begin: 'note("runs"); process.exit(3);' })]);

      await expect(start).rejects.toThrow(/^broken ended with exit code 3\. Its log: /);
      expect(notes(folder())).toEqual(Array(3).fill('broken runs'));
    });

    it('given a program that dies twice and then gets ready, then the start succeeds', async () => {
      const twice = `note('runs'); if (readFileSync(${JSON.stringify(folder('notes'))}, 'utf8').split('\\n').length < 4) process.exit(1); ready();`;

      await supervisor.start([define('shy', { begin: `const { readFileSync } = await import('node:fs'); ${twice}` })]);

      expect(notes(folder())).toEqual(Array(3).fill('shy runs'));
    });

    it('given an exit code that says that its settings are wrong, then the start fails at once', async () => {
      const wrong = define('wrong', { begin: 'note("runs"); process.exit(78);', hopelessExitCodes: [78] });

      await expect(supervisor.start([wrong])).rejects.toThrow(/^wrong ended with exit code 78\./);
      await supervisor.stop();

      expect(notes(folder())).toEqual(['wrong runs']);
    });

    it('given a program that is not there, then the start fails and says so', async () => {
      const start = supervisor.start([{ ...define('absent'), command: '/no/such/program' }]);

      await expect(start).rejects.toThrow(/^absent could not be started: .*ENOENT.* Its log: /);
    });

    it('given that it cannot be prepared, then the start fails and says so', async () => {
      const start = supervisor.start([define('one', { prepare: () => Promise.reject(new Error('the disk is full')) })]);

      await expect(start).rejects.toThrow(/^one could not be prepared: the disk is full\. Its log: /);
    });

    it('given that it is stopped meanwhile, then the start fails, and no other one succeeds', async () => {
      const start = supervisor.start([define('idle', { begin: 'note("runs");' })]);
      const failed = expect(start).rejects.toMatchObject({ code: 'stopped' });
      await until(() => notes(folder()).length > 0, 'the program runs');

      await supervisor.stop();

      await failed;
      await expect(supervisor.start([define('late')])).rejects.toMatchObject({ code: 'stopped' });
      expect(home.processes()).toEqual({});
    });
  });

  describe('a process that dies', () => {
    it('given kill -9, then it is said, started again after a pause that grows, and said when it is ready again', async () => {
      await supervisor.start([define('one')]);

      for (const [time, pause] of ['0.01', '0.02', '0.04', '0.04'].entries()) {
        const before = supervisor.process('one').kill('SIGKILL');
        await supervisor.process('one').whenReady();
        await hears(`one was ended by SIGKILL; starting it again in ${pause} s`);
        await hears('one is ready again', time + 1);
        expect(home.processes().one).not.toBe(before);
      }
      expect(home.processes()).toEqual(supervisor.pids());
    });

    it('given that it ends by itself, then its exit code is said', async () => {
      await supervisor.start([define('one', { begin: `ready(); process.on('SIGUSR2', () => process.exit(5));` })]);

      supervisor.process('one').kill('SIGUSR2');

      await hears('one ended with exit code 5; starting it again in 0.01 s');
      await hears('one is ready again');
    });

    it('given that it dies again and again after having been ready, then it is started for ever', async () => {
      await supervisor.start([define('one')]);

      for (let time = 1; time <= 5; time++) {
        supervisor.process('one').kill('SIGKILL');
        await hears('one is ready again', time);
      }
    });

    it('given that others run, then they are left alone', async () => {
      await supervisor.start([define('one'), define('two')]);
      const { two } = supervisor.pids();

      supervisor.process('one').kill('SIGKILL');
      await hears('one is ready again');

      expect(supervisor.pids().two).toBe(two);
    });

    it('given that it is held, then it stays away until it is released', async () => {
      await supervisor.start([define('one')]);

      supervisor.process('one').hold();
      supervisor.process('one').kill('SIGKILL');
      await hears('one was ended by SIGKILL; it is not started again yet');
      expect(home.processes()).toEqual({});
      expect(() => supervisor.process('one').kill('SIGKILL')).toThrow('one does not run.');

      supervisor.process('one').release();
      await supervisor.process('one').whenReady();
      expect(Object.keys(home.processes())).toEqual(['one']);
    });
  });

  describe('stopping', () => {
    it('given stages, then a later one is told only when the earlier one has ended', async () => {
      const slowly = { stop: `note('stops'); setTimeout(() => { note('ended'); process.exit(0); }, 100);` };
      await supervisor.start([
        define('store', { stopStage: 2 }),
        define('door', { stopStage: 1, ...slowly }),
        define('window', { stopStage: 1, ...slowly }),
      ]);

      await supervisor.stop();

      expect(notes(folder()).at(-1)).toBe('store stops');
      expect(notes(folder()).sort()).toEqual([
        'door ended',
        'door stops',
        'store stops',
        'window ended',
        'window stops',
      ]);
      expect(home.processes()).toEqual({});
    });

    it('given a program that does not stop in time, then it is killed with what it has started, and that is said', async () => {
      const begin = `const { spawn } = await import('node:child_process');
        note(String(spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1000)'], { stdio: 'ignore' }).pid)); ready();`;
      await supervisor.start([define('stubborn', { begin, stop: 'note("will not");', stopTimeoutMs: 200 })]);
      const { stubborn } = supervisor.pids();
      const child = Number(notes(folder())[0]?.split(' ')[1]);

      await supervisor.stop();

      expect(said).toEqual(['stubborn did not stop within 0.2 s and is killed']);
      expect(notes(folder()).at(-1)).toBe('stubborn will not');
      await until(() => !isAlive(stubborn!) && !isRunning(child), 'both have ended');
    });

    it('given a process that waits to be started again, then it is not', async () => {
      await supervisor.start([define('one')]);
      supervisor.process('one').hold();
      supervisor.process('one').kill('SIGKILL');
      await hears('one was ended by SIGKILL; it is not started again yet');

      await supervisor.stop();

      expect(home.processes()).toEqual({});
    });

    it('given that this process ends without stopping anything, then its programs end too', async () => {
      const definition = define('orphan');
      writeFileSync(
        folder('owner.mjs'),
        `import { Supervisor } from ${dist('supervisor.js')}; import { Home } from ${dist('home.js')};
         const supervisor = new Supervisor({ home: new Home(${JSON.stringify(home.path)}), say: () => undefined });
         await supervisor.start([{ ...${JSON.stringify(definition)}, ready: async () => true }]);
         console.log(supervisor.pids().orphan);
         throw new Error('a mistake');`,
      );

      const owner = spawn(process.execPath, [folder('owner.mjs')], { stdio: ['ignore', 'pipe', 'ignore'] });
      let output = '';
      owner.stdout.on('data', (chunk) => (output += String(chunk)));
      await once(owner, 'close');

      const pid = Number(output);
      expect(pid).toBeGreaterThan(1);
      await until(() => !isRunning(pid), 'the program has ended');
    });
  });

  describe('logs', () => {
    it('given JSON lines of a program, then they are in its log as they are and shown', async () => {
      const line = JSON.stringify({ level: 30, msg: 'hello' });
      await supervisor.start([define('one', { begin: `console.log(${JSON.stringify(line)}); ready();` })]);

      await until(() => shown.includes(line), 'the line is shown');
      expect(readFileSync(join(home.logs, 'one.log'), 'utf8')).toBe(`${line}\n`);
    });

    it('given what the runtime itself writes, then it becomes a JSON line of level error', async () => {
      await supervisor.start([define('one', { begin: `process.stderr.write('out of memory\\n'); ready();` })]);

      const line = await until(() => shown[0], 'the line is shown');
      expect(parseLogLine(line)).toMatchObject({ level: 50, service: 'one', msg: 'out of memory' });
    });

    it('given a start that is slow, then what is waited for is said', async () => {
      await supervisor.start([define('slow', { begin: 'setTimeout(ready, 6_000);' }), define('fast')]);

      expect(said).toEqual(['still waiting for slow']);
    });
  });
});

/** Also false for a process that has ended and that nobody has waited for. */
function isRunning(pid: number): boolean {
  const stat = `/proc/${pid}/stat`;
  return isAlive(pid) && !(existsSync(stat) && readFileSync(stat, 'utf8').includes(' Z '));
}

function dist(file: string): string {
  return JSON.stringify(join(import.meta.dirname, '..', 'dist', file));
}
