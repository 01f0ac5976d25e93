import { execFileSync } from 'node:child_process';
import { availableParallelism, cpus, loadavg, platform, release, totalmem } from 'node:os';
import { KAFKA_VERSION, ROOT } from '@postduif/stack';
import type { Machine } from './result.js';

const GIB = 1024 ** 3;

/** What a run takes place on. */
export function thisMachine(): Omit<Machine, 'postgres'> {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cpus: availableParallelism(),
    memoryGiB: Math.round((10 * totalmem()) / GIB) / 10,
    system: `${platform()} ${release()}`,
    node: process.version,
    kafka: KAFKA_VERSION,
    loadBefore: loadavg()[0] ?? 0,
  };
}

/** The commit of the checkout; `+` after it when there are changes that are not in it. */
export function currentCommit(): string {
  const git = (...args: string[]): string => execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' }).trim();
  try {
    const changed = git('status', '--porcelain', '--untracked-files=no') !== '';
    return git('rev-parse', '--short', 'HEAD') + (changed ? '+' : '');
  } catch {
    // Not a git checkout, or no git.
    return 'unknown';
  }
}
