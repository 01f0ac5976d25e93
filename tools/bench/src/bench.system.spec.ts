import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { ResultsFolder } from './results/results-folder.js';

jest.setTimeout(180_000);

const PROGRAM = join(import.meta.dirname, '../dist/main.js');

describe('the benchmark', () => {
  const folder = mkdtempSync(join(process.env.POSTDUIF_TEST_RUN ?? tmpdir(), 'postduif-bench-'));
  // As root, PostgreSQL runs as another user, who has to get in.
  chmodSync(folder, 0o755);
  const started: ChildProcess[] = [];
  afterEach(async () => {
    const left = started.splice(0).filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null);
    await Promise.all(
      left.map(async (child) => {
        const exit = once(child, 'exit');
        child.kill('SIGTERM');
        await exit;
      }),
    );
    rmSync(folder, { recursive: true, force: true });
  });

  async function bench(...args: string[]): Promise<{ code: number | null; output: string }> {
    const child = spawn(process.execPath, [PROGRAM, ...args], {
      env: { ...process.env, BENCH_FOLDER: folder },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    started.push(child);
    const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
    return { code: child.exitCode, output: output + errors };
  }

  it('given a short run, measures every event of the real services, keeps the result and makes a page of it', async () => {
    const run = await bench('latency', '--short');
    expect(run).toMatchObject({ code: 0 });
    const result = new ResultsFolder(folder).read('latency');
    const [table] = result?.tables ?? [];
    expect(result?.broken).toEqual([]);
    expect(table?.rows.map(([rate]) => rate)).toEqual([100, 500, 1_000, 2_000]);
    for (const row of table?.rows ?? []) expect(row[1]).toBeGreaterThan(0);
    expect(result?.machine.postgres).toMatch(/^\d+/);
    expect(run.output).toContain('events/s');

    const report = await bench('report');
    expect(report).toMatchObject({ code: 0 });
    expect(report.output).toContain(join(folder, 'report.html'));
  });
});
