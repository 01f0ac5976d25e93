import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, describe, it, jest } from '@jest/globals';
import { mustBe } from '../measuring/until.js';
import type { CpuProfile } from './cpu-profile.js';
import { summarise } from './cpu-profile.js';
import { Profiler } from './profiler.js';

const PATIENCE_MS = 60_000;
jest.setTimeout(2 * PATIENCE_MS);

/** Works for ever, but lets others in between; the function has a name that is found in the profile. */
const WORK = `
  function digRiver() { for (const end = Date.now() + 5; Date.now() < end;); setImmediate(digRiver) }
  digRiver()`;

describe('profiling a running process', () => {
  const folder = mkdtempSync(join(tmpdir(), 'postduif-profiler-'));
  const child = spawn(process.execPath, ['--inspect=127.0.0.1:0', '-e', WORK], { stdio: ['ignore', 'ignore', 'pipe'] });
  afterEach(() => {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  async function inspectorPort(): Promise<number> {
    for await (const line of createInterface({ input: child.stderr })) {
      const port = /ws:\/\/127\.0\.0\.1:(\d+)\//.exec(line)?.[1];
      if (port !== undefined) return Number(port);
    }
    throw new Error('the process ended');
  }

  it('finds what it works on', async () => {
    const profiler = new Profiler([{ name: 'digger', port: await inspectorPort() }]);
    const found = async (): Promise<boolean> => {
      await profiler.start();
      await profiler.start();
      await profiler.finish(folder);
      const profile = JSON.parse(readFileSync(join(folder, 'digger.cpuprofile'), 'utf8')) as CpuProfile;
      return summarise(profile).functions.some(({ name }) => name.startsWith('digRiver'));
    };
    await mustBe('the function is in the profile', PATIENCE_MS, found);
  });
});
