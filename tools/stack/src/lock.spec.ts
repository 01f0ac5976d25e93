import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { tryLock, withLock } from '../setup/lock.mjs';
import { ROOT } from '../setup/paths.mjs';
import { startOf } from '../setup/process-start.mjs';
import { temporaryFolder } from './testing/temporary-folder.js';
import { until } from './testing/until.js';

jest.setTimeout(30_000);

const LOCK = JSON.stringify(pathToFileURL(join(ROOT, 'tools', 'stack', 'setup', 'lock.mjs')).href);

describe('a lock between processes', () => {
  const folder = temporaryFolder();
  const children: ChildProcess[] = [];
  /** A process that runs a piece of code in which `tryLock` and `withLock` are known. */
  const run = (code: string): ChildProcess => {
    const program = `import { tryLock, withLock } from ${LOCK};\nimport fs from 'node:fs';\nimport { setImmediate } from 'node:timers/promises';\n${code}`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      cwd: folder(),
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    children.push(child);
    return child;
  };
  const holdForEver = `tryLock('lock'); fs.writeFileSync('held', ''); setInterval(() => undefined, 1000);`;

  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
  });

  it('given that it is free, then it is taken, and by nobody else until it is released', () => {
    const { release } = tryLock(folder('lock'));

    expect(release).toBeDefined();
    expect(tryLock(folder('lock'))).toEqual({ holder: process.pid });
    release?.();
    expect(tryLock(folder('lock')).release).toBeDefined();
  });

  it('given that another process holds it, then that process is named; given that it dies, then the lock is free', async () => {
    const child = run(holdForEver);
    await until(() => existsSync(folder('held')), 'the other process has the lock');

    expect(tryLock(folder('lock'))).toEqual({ holder: child.pid });

    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(tryLock(folder('lock')).release).toBeDefined();
  });

  it('given a lock whose process id has gone to another program, then it is free', () => {
    writeFileSync(folder('lock.7'), `${process.pid} long-ago`);

    expect(tryLock(folder('lock')).release).toBeDefined();
  });

  it('when it has been taken many times, then only one file of it is left', () => {
    for (let time = 0; time < 5; time++) tryLock(folder('lock')).release?.();

    expect(readdirSync(folder())).toEqual(['lock.5']);
  });

  it('given a stale lock that many wait for, then never do two have it at once, nor when holders go on dying', async () => {
    writeFileSync(folder('lock.1'), '1 long-ago');
    const rounds = 60;
    // Whoever has the lock is alone: making a file that exists fails. It then leaves the lock released, or as a dead process would.
    const contender = `
      for (let round = 0; round < ${rounds}; ) {
        const { release } = tryLock('lock');
        if (!release) {
          await setImmediate();
          continue;
        }
        fs.closeSync(fs.openSync('inside', 'wx'));
        fs.rmSync('inside');
        if (round++ % 2) release();
        else fs.writeFileSync(fs.readdirSync('.').filter((name) => /^lock[.]\\d+$/.test(name)).sort((a, b) => b.slice(5) - a.slice(5))[0], '1 long-ago');
      }`;

    const ends = await Promise.all([1, 2, 3, 4].map(() => run(contender)).map(async (child) => once(child, 'exit')));

    expect(ends).toEqual(Array(4).fill([0, null]));
    expect(tryLock(folder('lock')).release).toBeDefined();
  });

  it('given two that want to work under it, then one works after the other', async () => {
    const work = (name: string): string => `
      await withLock('locks', 'checkout', async () => {
        fs.closeSync(fs.openSync('inside', 'wx'));
        await new Promise((resolve) => setTimeout(resolve, 50));
        fs.rmSync('inside');
        fs.writeFileSync('${name}', '');
      });`;

    const ends = await Promise.all([run(work('one')), run(work('two'))].map(async (child) => once(child, 'exit')));

    expect(ends).toEqual(Array(2).fill([0, null]));
    expect(existsSync(folder('one')) && existsSync(folder('two'))).toBe(true);
  });

  it('given one that waits, then it says for whom', async () => {
    const holder = run(
      `await withLock('locks', 'checkout', () => { fs.writeFileSync('held', ''); return new Promise(() => setInterval(() => undefined, 1000)); });`,
    );
    await until(() => existsSync(folder('held')), 'the first has the lock');
    const waiter = run(`await withLock('locks', 'checkout', async () => undefined);`);
    let said = '';
    waiter.stderr?.on('data', (chunk) => (said += String(chunk)));

    await until(() => said.includes(`(process ${holder.pid})`), 'the waiter has said for whom it waits');
    holder.kill('SIGKILL');

    expect(await once(waiter, 'exit')).toEqual([0, null]);
  });

  it('given work that fails, then the lock is free again', async () => {
    const failing = withLock(folder('locks'), 'checkout', () => Promise.reject(new Error('no')));

    await expect(failing).rejects.toThrow('no');
    await expect(withLock(folder('locks'), 'checkout', () => Promise.resolve('yes'))).resolves.toBe('yes');
  });
});

describe('when a process was started', () => {
  it('given one that runs, then it is known and stays the same', () => {
    expect(startOf(process.pid)).toMatch(/\d/);
    expect(startOf(process.pid)).toBe(startOf(process.pid));
  });

  it('given one that has ended, then it is not known', async () => {
    const child = spawn(process.execPath, ['-e', '']);
    await once(child, 'exit');

    expect(startOf(child.pid!)).toBeUndefined();
  });
});
