import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const root = join(import.meta.dirname, '../../..');
const bin = (name: string): string => join(root, 'node_modules/.bin', name);
const env = { ...process.env, NX_DAEMON: 'false', NODE_OPTIONS: '' };

describe('module boundaries', () => {
  it('given a pure library that imports Kafka, when it is linted, then lint fails and names the rule', () => {
    execFileSync(bin('nx'), ['show', 'projects'], { cwd: root, env });

    const lint = spawnSync(bin('eslint'), ['--no-ignore', 'tools/boundaries/src/forbidden.ts'], {
      cwd: root,
      env,
      encoding: 'utf8',
    });

    expect(lint.stdout).toContain('@nx/enforce-module-boundaries');
    expect(lint.stdout).toContain('type:pure');
    expect(lint.status).toBe(1);
  }, 120_000);
});
